"""Names that what is said by hand may use: actions, tags and channels of the published catalogue, and known customers."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nbatool.base.errors import UsageError, did_you_mean
from nbatool.decide.catalogue import Catalogue, Offer, channels_offered
from nbatool.decide.consented import single_channels
from nbatool.decide.published import published_meta
from nbatool.ingest.catalogue import load_catalogue
from nbatool.store.online import OnlineStore, Published
from nbatool.store.state import StateReader

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace


@dataclass(frozen=True)
class KnownNames:
    """What is published; before the first publication what nba.toml says.

    Parameters
    ----------
    knows_customer
        Whether the published state has the customer asked about; True where nothing is published.
    fixed_us
        The present where the workspace's clock does not run (old data): the published moment; else None.
    """

    catalogue: Catalogue
    knows_customer: bool = True
    fixed_us: int | None = None

    @cached_property
    def channels(self) -> tuple[str, ...]:
        return single_channels([offer.channel for offer in self.catalogue.offers])

    @cached_property
    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({tag for action in self.catalogue.actions.values() for tag in action.tags}))

    def action(self, said: str) -> str:
        """Return the id of an action called by id or name.

        Raises
        ------
        UsageError
            The catalogue has none of that name, or several.
        """
        return self.catalogue.action_called(said)

    def tag(self, said: str) -> str:
        """Return a tag that some action has; UsageError else."""
        return _one_of("tag", said, self.tags)

    def channel(self, said: str) -> str:
        """Return a channel that some action goes out on; UsageError else."""
        return _one_of("channel", said, self.channels)


def known_names(workspace: Workspace, online: OnlineStore, customer_id: str | None = None) -> KnownNames:
    """Return the names known, and whether a customer is.

    Raises
    ------
    DataError
        The published state is missing, damaged or of an earlier version.
    """
    published = online.published()
    if published is None:
        every = workspace.config.catalogue.channel_mode == "all"
        return KnownNames(
            Catalogue(
                tuple(
                    Offer(action, channel, None)
                    for action in load_catalogue(workspace.config)
                    for channel in channels_offered(action, every_channel=every)
                )
            )
        )
    with closing(StateReader(workspace.data_dir / published.state)) as state:
        meta = published_meta(state)
        known = customer_id is None or state.body(customer_id) is not None
    return KnownNames(Catalogue.from_json(meta["catalogue"]), known, _fixed_us(meta, published))


def fixed_present_us(workspace: Workspace, online: OnlineStore) -> int | None:
    """Return the present of a workspace whose clock does not run: the published moment; None where it runs.

    Raises
    ------
    DataError
        As :func:`known_names`.
    """
    published = online.published()
    if published is None:
        return None
    with closing(StateReader(workspace.data_dir / published.state)) as state:
        return _fixed_us(published_meta(state), published)


def _fixed_us(meta: dict[str, Any], published: Published) -> int | None:
    return None if meta["clock_runs"] else published.cut_us


def _one_of(what: str, said: str, known: tuple[str, ...]) -> str:
    if said in known:
        return said
    hint = did_you_mean(said, known) or "."
    raise UsageError(
        f'no action of the catalogue has the {what} "{said}"{hint} Known are {", ".join(known) or "(none)"}'
    )
