"""What must agree between the tables of nba.toml, and what this version does not enforce."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from nbatool.base.action_settings import Action, Catalogue
from nbatool.base.toml_lines import KeyPath

NOT_ENFORCED: Final = ("guardrails",)
"""Tables a later version will know; refused, since a limit that is written and not kept is worse than none."""

ARRAYS: Final = {"source": "name", "objective": "name", "target": "name", "feature": "name", "action": "id"}
"""Arrays of tables and the key that tells their entries apart."""

Misfit = tuple[KeyPath, str]


def not_enforced(data: dict[str, Any]) -> Iterator[Misfit]:
    """Yield the tables and values that this version would ignore."""
    for table in NOT_ENFORCED:
        if table in data:
            yield (table,), f"[{table}] is not enforced by this version; remove it"
    for index, objective in enumerate(_tables(data, "objective")):
        if objective.get("measure") == "lifetime_value":
            yield (
                ("objective", index, "measure"),
                f'{label(("objective", index), data)}measure = "lifetime_value" is not enforced by this version; '
                "use any, count or sum",
            )


def repeated_names(data: dict[str, Any]) -> Iterator[Misfit]:
    """Yield names given twice; targets and features share one namespace, that of expressions."""
    for arrays in (("source",), ("objective",), ("target", "feature"), ("action",)):
        seen: set[str] = set()
        for array in arrays:
            for index, table in enumerate(_tables(data, array)):
                name = table.get(ARRAYS[array])
                if isinstance(name, str) and name in seen:
                    yield (array, index, ARRAYS[array]), f'[[{array}]] "{name}": the name is used twice'
                elif isinstance(name, str):
                    seen.add(name)


def action_channels(actions: Iterable[tuple[int, Action]], catalogue: Catalogue) -> Iterator[Misfit]:
    """Yield the actions that could reach nobody: no channel of their own, by default or from a file."""
    if catalogue.file is not None or catalogue.defaults.channels:
        return
    for index, action in actions:
        if not action.channels:
            yield (
                ("action", index),
                f'[[action]] "{action.id}": "channels" is missing: by which channels does it go out? '
                'Write  channels = ["email"]',
            )


def action_targets(actions: Iterable[tuple[int, Action]], data: dict[str, Any]) -> Iterator[Misfit]:
    """Yield the actions whose propensity is not a [[target]]."""
    targets = [str(table.get("name")) for table in _tables(data, "target")]
    for index, action in actions:
        if action.target is not None and action.target not in targets:
            known = f"known: {', '.join(targets)}" if targets else "there is none"
            yield (
                ("action", index, "target"),
                f'[[action]] "{action.id}": no [[target]] is called "{action.target}" ({known})',
            )


def label(keys: KeyPath, data: dict[str, Any]) -> str:
    """Return how a message names a table: ``[[objective]] "spend": ``, ``[source.map] ``."""
    tables = [key for key in keys if isinstance(key, str)]
    if len(keys) == 2 and keys[0] in ARRAYS and isinstance(keys[1], int):
        entries = _tables(data, str(keys[0]))
        name = entries[keys[1]].get(ARRAYS[str(keys[0])]) if keys[1] < len(entries) else None
        return f'[[{keys[0]}]] "{name}": ' if isinstance(name, str) else f"[[{keys[0]}]] "
    return f"[{'.'.join(tables)}] " if tables else ""


def _tables(data: dict[str, Any], array: str) -> list[dict[str, Any]]:
    entries = data.get(array)
    return (
        [entry if isinstance(entry, dict) else {} for entry in entries] if isinstance(entries, list) else []
    )
