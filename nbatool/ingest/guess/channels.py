"""On which channels actions go out, and whether on one or on all of them: from the contacts of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbatool.ingest.guess.records import CatalogueGuess, MapLine, TypeGuess
from nbatool.ingest.guess.workbench import Workbench

_MOST_CHANNELS = 12
_NEARLY_ALL = 0.9


def with_logged_channels(
    bench: Workbench, catalogue: CatalogueGuess, types: Sequence[TypeGuess]
) -> CatalogueGuess:
    """Make the catalogue agree with the contacts in the table `history`.

    Where each contact names the one channel it went out on, the policy picks one; where contacts name none, an action
    goes out on all its channels. Without contacts the guess stays as it is.
    """
    contacts = [kind.type for kind in types if kind.role == "contact"]
    counts = dict(bench.rows("contact_channels", contacts=contacts)) if contacts else {}
    if not counts:
        return catalogue
    rows, several = bench.row("contacts_of_several_channels", contacts=contacts)
    logged = {channel: n for channel, n in counts.items() if channel is not None}
    told = sum(logged.values()) >= _NEARLY_ALL * sum(counts.values()) and several <= (1 - _NEARLY_ALL) * rows
    if not told or len(logged) > 10 * _MOST_CHANNELS:
        return replace(catalogue, channel_mode="all")
    named = catalogue.line("channels")
    if named is not None and named.doubt is not None and not named.note:
        return _of_log(catalogue, list(logged)[:_MOST_CHANNELS])
    known = sum(n for channel, n in logged.items() if channel in catalogue.channels)
    return replace(catalogue, channel_mode="one" if known >= 0.5 * sum(logged.values()) else "all")


def _of_log(catalogue: CatalogueGuess, logged: Sequence[str]) -> CatalogueGuess:
    """Channels of the log, for a list of actions that names none."""
    quoted = ", ".join("'" + channel.replace("'", "''") + "'" for channel in logged)
    doubt = (
        "the list of actions names no channel: each is taken to go out on any channel of the logged contacts."
    )
    line = MapLine("channels", f"[{quoted}]", doubt=doubt)
    lines = tuple(line if old.canonical == "channels" else old for old in catalogue.map)
    return replace(catalogue, map=lines, channels=tuple(sorted(logged)), channel_mode="one")
