"""The terms of the state in force, for commands that explain or judge a decision as it is made live.

Live decisions are made from what is published, whatever nba.toml says since: `unpublished` tells the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from nbatool.base.clock import format_time
from nbatool.base.errors import DataError
from nbatool.base.records import Action
from nbatool.base.seeds import DEFAULT_SEED
from nbatool.decide.catalogue import channels_offered
from nbatool.decide.practice import practice_from_json
from nbatool.decide.selection import GREEDY_PRACTICE, Practice
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.store.contact import ContactKind
from nbatool.store.online import OnlineStore, Published
from nbatool.store.state import StateReader

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace


@dataclass(frozen=True)
class InForceTerms:
    """How decisions are made at present.

    Parameters
    ----------
    practice
        Exploration and experiment.
    seed
        Part of every decision's name.
    posterior
        What was learned since the models were trained; None where the version has none in force.
    publication
        What is in force; None before the first publication.
    limits
        Limits on everybody as they were said, and what the night published of them, as JSON values; None: there were none.
    """

    practice: Practice
    seed: int
    posterior: Posterior | None
    publication: Published | None = None
    limits: tuple[dict[str, Any], dict[str, Any]] | None = None


def published_meta(state: StateReader) -> dict[str, Any]:
    """Return what a state says beside its customers.

    Raises
    ------
    DataError
        A version of nbatool published it that did not keep exploration, terms of outcomes, consent or guardrails.
    """
    try:
        meta = {key: msgspec.json.decode(value) for key, value in state.meta.items()}
    except msgspec.DecodeError:
        raise DataError("the published state is damaged. Publish again: nbatool score") from None
    if not {"practice", "learning", "seed", "unsubscribes", "guardrails"} <= meta.keys():
        raise DataError(
            "the published state is of an earlier version of nbatool. Publish again: nbatool score"
        )
    return meta


def kinds_to_json(kinds: Sequence[ContactKind]) -> list[list[Any]]:
    """Return what contacts are of, as it goes with the state."""
    return [list(kind) for kind in kinds]


def contact_kinds(meta: dict[str, Any]) -> tuple[ContactKind, ...]:
    """Return what the contacts of a state's customers are of."""
    return tuple(
        ContactKind(action, channel, tuple(tags), cost)
        for action, channel, tags, cost in meta["contact_kinds"]
    )


def terms_in_force(workspace: Workspace, model_version: str) -> InForceTerms:
    """Return the published terms; before the first publication the best is always chosen and nobody is kept apart."""
    with _published(workspace) as found:
        if found is None:
            return InForceTerms(GREEDY_PRACTICE, DEFAULT_SEED, None)
        online, publication, meta = found
        learner = LivePosterior(online, OutcomeTerms.from_json(meta["learning"]).half_life_s)
        return InForceTerms(
            practice_from_json(meta["practice"]), int(meta["seed"]), learner.current(model_version), publication,
            None if meta["limits"] is None else (meta["guardrails"]["limits"], meta["limits"]),
        )  # fmt: skip


@contextmanager
def _published(workspace: Workspace) -> Iterator[tuple[OnlineStore, Published, dict[str, Any]] | None]:
    """Yield the store, what is in force and what its state says beside its customers; None: nothing is published."""
    if not workspace.online_path.exists():
        yield None
        return
    with ExitStack() as stack:
        online = OnlineStore(workspace.online_path)
        stack.callback(online.close)
        published = online.published()
        if published is None:
            yield None
            return
        state = StateReader(workspace.data_dir / published.state)
        stack.callback(state.close)
        yield online, published, published_meta(state)


def unpublished(workspace: Workspace, actions: Sequence[Action]) -> str | None:
    """Say how the catalogue of now differs from the published one; None where it does not, or nothing is published."""
    with _published(workspace) as found:
        if found is None:
            return None
        _, published, meta = found
    before, config = meta["catalogue"], workspace.config
    old = {a["id"]: a for a in before["actions"]}
    new = {a.id: msgspec.json.decode(msgspec.json.encode(a.to_json())) for a in actions}
    channels: dict[str, list[str]] = {name: [] for name in old}
    for name, channel, *_ in before["offers"]:
        channels[name].append(channel)
    every = config.catalogue.channel_mode == "all"
    other = [
        a.id for a in actions if a.id in old and _differs(a, old[a.id], new[a.id], channels[a.id], every)
    ]
    parts = [
        f"{', '.join(sorted(names))} {word}"
        for names, word in (
            (old.keys() - new.keys(), "withdrawn"),
            (new.keys() - old.keys(), "added"),
            (other, "changed"),
        )
        if names
    ]
    parts += ["allow_nothing changed"] if before["allow_nothing"] != config.catalogue.allow_nothing else []
    if not parts:
        return None
    since = format_time(published.published_us)[:16].replace("T", " ")
    return (
        f"the catalogue changed since it was published ({since} UTC): {'; '.join(parts)}. Live decisions are made with the "
        "published one until: nbatool score"
    )


def _differs(action: Action, old: Any, new: Any, channels: list[str], every_channel: bool) -> bool:
    return bool(
        old != new or sorted(channels) != sorted(channels_offered(action, every_channel=every_channel))
    )
