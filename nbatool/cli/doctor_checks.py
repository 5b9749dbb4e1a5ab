"""What `nbatool doctor` asks about a workspace's decisions: the log loaded, the exploration asked for, what is live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbatool.base.errors import BusyError, DataError

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.cli.session import Session


def decision_log(session: Session) -> str:
    """Whether outcomes and actions of the log are called as nba.toml calls them.

    Raises
    ------
    DataError
        No outcome loaded is that of an objective: everything would be worth 0.
    """
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.profile.log_names import counts_for_nothing, unmatched
    from nbatool.store.warehouse import open_warehouse

    workspace = session.workspace
    if not workspace.warehouse_path.exists():
        return "nothing is loaded yet: nbatool ingest"
    config = workspace.config
    try:
        with session.lock("doctor"), open_warehouse(workspace) as warehouse:
            said = "; ".join(unmatched(warehouse.con, config, load_catalogue(config)))
            if counts_for_nothing(warehouse.con, config):
                raise DataError(said)
    except BusyError as error:
        return f"not looked at: {error}"
    return f"warning: {said}" if said else "outcomes and actions are called as in nba.toml"


def exploration(config: Config) -> str:
    """Whether every candidate can be tried as often as is asked for."""
    from nbatool.decide.exploration_floor import floor_not_held
    from nbatool.ingest.catalogue import load_catalogue

    said = floor_not_held(config, load_catalogue(config))
    return "min_probability holds for every candidate" if said is None else f"warning: {said}"


def published(session: Session) -> str:
    """Whether live decisions are made with the catalogue of now."""
    from nbatool.decide.published import unpublished
    from nbatool.ingest.catalogue import load_catalogue

    workspace = session.workspace
    if not workspace.online_path.exists():
        return "nothing is published yet: nbatool score"
    said = unpublished(workspace, load_catalogue(workspace.config))
    return "live decisions are made with the catalogue of now" if said is None else f"warning: {said}"


def consent(session: Session) -> str:
    """Whether anybody has agreed to the channels that need it, and whether channels are called alike everywhere."""
    from nbatool.decide.consented import single_channels
    from nbatool.ingest.catalogue import load_catalogue
    from nbatool.profile.consent import EVERY_CHANNEL, consent_channels
    from nbatool.store.warehouse import open_warehouse

    workspace = session.workspace
    required = workspace.config.guardrails.require_consent
    if not workspace.warehouse_path.exists():
        return "nothing is loaded yet: nbatool ingest"
    try:
        with session.lock("doctor"), open_warehouse(workspace) as warehouse:
            said = consent_channels(warehouse.con)
    except BusyError as error:
        return f"not looked at: {error}"
    channels = single_channels([c for action in load_catalogue(workspace.config) for c in action.channels])
    silent = [name for name in required if name not in said and EVERY_CHANNEL not in said]
    strange = [name for name in said if name not in (*channels, EVERY_CHANNEL)]
    problems = [
        f"nobody has agreed to {name}, which require_consent asks for: nobody gets it" for name in silent
    ]
    problems += [
        f"{said[name]:,} records of consent are about {name}, which no action has" for name in strange
    ]
    if problems:
        return f"warning: {'; '.join(problems)}"
    return (
        f"{sum(said.values()):,} records of consent"
        if said
        else "no channel needs consent, and no records of it are loaded"
    )
