"""What must agree between the tables of nba.toml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from nbatool.base.action_settings import Action, Catalogue
from nbatool.base.guardrail_settings import Guardrails
from nbatool.base.records import LIFETIME_VALUE
from nbatool.base.settings import Objective, Roles
from nbatool.base.toml_lines import KeyPath

CONTACTS_EVERYBODY: Final = (
    "[catalogue] allow_nothing = false contacts everybody, so it cannot be kept; remove one of the two"
)

ARRAYS: Final = {"source": "name", "objective": "name", "target": "name", "feature": "name", "action": "id"}
"""Arrays of tables and the key that tells their entries apart."""

Misfit = tuple[KeyPath, str]


def lifetime_value(objectives: Sequence[tuple[int, Objective]], roles: Roles) -> Iterator[Misfit]:
    """Yield what does not go together with an objective that is lifetime value: its money would count twice."""
    chosen = next(((index, o) for index, o in objectives if o.measure == LIFETIME_VALUE), None)
    if chosen is None:
        return
    index, life = chosen
    name = f'[[objective]] "{life.name}": '
    if not roles.purchase:
        yield (
            ("objective", index, "measure"),
            f'{name}measure = "lifetime_value" needs to know the purchases: add  [roles] purchase = ["..."]',
        )
    elif life.event is not None and life.event not in roles.purchase:
        yield (
            ("objective", index, "event"),
            f'{name}event = "{life.event}" is not a purchase; [roles] purchase has {", ".join(roles.purchase)}. '
            "Without an event all of them count",
        )
    if life.unsubscribe_cost and not roles.unsubscribe:
        yield (
            ("objective", index, "unsubscribe_cost"),
            f'{name}unsubscribe_cost needs to know what unsubscribes: add  [roles] unsubscribe = ["..."]',
        )
    for other_index, other in objectives:
        if other_index != index and other.measure in {"sum", LIFETIME_VALUE}:
            yield (
                ("objective", other_index, "measure"),
                f'[[objective]] "{other.name}": measure = "{other.measure}" is money, which the lifetime value of '
                f'[[objective]] "{life.name}" counts already. Keep one of the two',
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


def limits_need_nothing(
    actions: Iterable[tuple[int, Action]], catalogue: Catalogue, guardrails: Guardrails
) -> Iterator[Misfit]:
    """Yield the limits on everybody that a plan which contacts everybody could not keep."""
    if catalogue.allow_nothing:
        return
    for key in ("budget", "capacity", "max_share"):
        for index, _ in enumerate(getattr(guardrails, key)):
            yield ("guardrails", key, index), f"[guardrails] {key}: {CONTACTS_EVERYBODY}"
    if catalogue.defaults.stock:
        yield ("catalogue", "defaults", "stock"), f"[catalogue.defaults] stock: {CONTACTS_EVERYBODY}"
    for index, action in actions:
        if action.stock:
            yield ("action", index, "stock"), f'[[action]] "{action.id}": stock: {CONTACTS_EVERYBODY}'


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
