"""Names that fit a column and stay different: two policies or actions must never look alike."""

from __future__ import annotations

from collections.abc import Sequence

LEAST = 8


def short_names(names: Sequence[str], size: int) -> list[str]:
    """Return the names, long ones without their middle; where that makes two alike they are numbered.

    >>> short_names(["mail", "a very long name by web", "a very long name by sms"], 12)
    ['mail', 'a ver…by web', 'a ver…by sms']
    >>> short_names(["abcdefgh-1-ijklmnop", "abcdefgh-2-ijklmnop"], 9)
    ['abc…nop#1', 'abc…nop#2']
    """
    size = max(size, LEAST)
    cut = [_without_middle(name, size) for name in names]
    taken: dict[str, set[str]] = {}
    for name, short in zip(names, cut, strict=True):
        taken.setdefault(short, set()).add(name)
    found = []
    for name, short in zip(names, cut, strict=True):
        alike = sorted(taken[short])
        if len(alike) == 1:
            found.append(short)
            continue
        mark = f"#{alike.index(name) + 1}"
        found.append(_without_middle(name, size - len(mark)) + mark)
    return found


def _without_middle(name: str, size: int) -> str:
    if len(name) <= size:
        return name
    tail = (size - 1) // 2 + (size > LEAST + 2)
    return f"{name[: size - 1 - tail]}…{name[len(name) - tail :]}"
