"""The terms of the state in force, for commands that explain or judge a decision as it is made live."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from nbatool.base.errors import DataError
from nbatool.base.seeds import DEFAULT_SEED
from nbatool.decide.practice import practice_from_json
from nbatool.decide.selection import GREEDY_PRACTICE, Practice
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.lessons import LivePosterior
from nbatool.models.posterior import Posterior
from nbatool.store.online import OnlineStore
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
    """

    practice: Practice
    seed: int
    posterior: Posterior | None


def published_meta(state: StateReader) -> dict[str, Any]:
    """Return what a state says beside its customers.

    Raises
    ------
    DataError
        A version of nbatool published it that did not keep exploration, terms of outcomes or consent.
    """
    meta = {key: msgspec.json.decode(value) for key, value in state.meta.items()}
    if not {"practice", "learning", "seed", "unsubscribes"} <= meta.keys():
        raise DataError(
            "the published state is of an earlier version of nbatool. Publish again: nbatool score"
        )
    return meta


def terms_in_force(workspace: Workspace, model_version: str) -> InForceTerms:
    """Return the published terms; before the first publication the best is always chosen and nobody is kept apart."""
    if not workspace.online_path.exists():
        return InForceTerms(GREEDY_PRACTICE, DEFAULT_SEED, None)
    with ExitStack() as stack:
        online = OnlineStore(workspace.online_path)
        stack.callback(online.close)
        published = online.published()
        if published is None:
            return InForceTerms(GREEDY_PRACTICE, DEFAULT_SEED, None)
        state = StateReader(workspace.data_dir / published.state)
        stack.callback(state.close)
        meta = published_meta(state)
        learner = LivePosterior(online, OutcomeTerms.from_json(meta["learning"]).half_life_s)
        return InForceTerms(
            practice_from_json(meta["practice"]), int(meta["seed"]), learner.current(model_version)
        )
