"""The funnel over everybody as a table: what each step leaves and removes, and below it the rules that removed most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbatool.activate.funnel_tally import FunnelStep, RuleCount
from nbatool.report.figures import number_text
from nbatool.report.tables import cut

MOST_RULES = 3
HEADS = ("candidates", "customers", "candidates", "customers")
ABOVE = ("left", "removed")
LEAST_LABEL = 24


def funnel_text(steps: Sequence[FunnelStep], width: int) -> str:
    """Return the funnel in lines of at most ``width``; a candidate is an action on one of its channels."""
    sizes = [max(len(head), *(len(cells[k]) for cells in map(_cells, steps))) for k, head in enumerate(HEADS)]
    numbers = sum(sizes) + 2 * len(sizes)
    label = max(LEAST_LABEL, min(44, width - numbers - 2))
    left = label + 2 + sizes[0] + 2 + sizes[1]
    lines = [
        f"  {'':{label}}  {ABOVE[0]:>{sizes[0] + 2 + sizes[1]}}  {ABOVE[1]:>{sizes[2] + 2 + sizes[3]}}".rstrip()
    ]
    lines.append(_line("step", HEADS, label, sizes))
    for step in steps:
        lines.append(_line(step.step, _cells(step), label, sizes))
        lines += [_below(rule, left, sizes) for rule in _shown(step.rules)]
        lines += [_note(note, label, sizes) for note in step.notes]
    return "\n".join(lines)


def _shown(rules: Sequence[RuleCount]) -> list[RuleCount]:
    """Those that removed most; the others together."""
    if len(rules) <= MOST_RULES + 1:
        return list(rules)
    rest = rules[MOST_RULES:]
    # A customer may be in several of them, so customers of the rest cannot be added up.
    return [*rules[:MOST_RULES], RuleCount(f"{len(rest)} more", sum(r.candidates for r in rest), 0)]


def _cells(step: FunnelStep) -> tuple[str, str, str, str]:
    gone = step.removed
    removed = ("", "") if gone is None else (number_text(gone.candidates), number_text(gone.customers))
    return number_text(step.candidates), number_text(step.customers), *removed


def _line(label: str, cells: Sequence[str], size: int, sizes: Sequence[int]) -> str:
    numbers = "  ".join(cell.rjust(width) for cell, width in zip(cells, sizes, strict=True))
    return f"  {cut(label, size):<{size}}  {numbers}".rstrip()


def _below(rule: RuleCount, left: int, sizes: Sequence[int]) -> str:
    """A rule reaches over the columns of what is left, which it has nothing in."""
    size = left - 2
    customers = number_text(rule.customers) if rule.customers else ""
    return f"    {cut(rule.words, size):<{size}}  {number_text(rule.candidates):>{sizes[2]}}  {customers:>{sizes[3]}}".rstrip()


def _note(note: RuleCount, label: int, sizes: Sequence[int]) -> str:
    """Its words may reach into the blanks before the number."""
    candidates, customers = number_text(note.candidates), number_text(note.customers)
    size = label + sizes[0] - len(candidates) - 2
    return f"    {cut(note.words, size):<{size}}  {candidates}  {customers:>{sizes[1]}}"


def funnel_json(steps: Sequence[FunnelStep]) -> list[dict[str, Any]]:
    """Return the funnel as JSON values, every rule of it."""
    return [
        {
            "step": step.step,
            "candidates": step.candidates,
            "customers": step.customers,
            "removed_candidates": None if step.removed is None else step.removed.candidates,
            "removed_customers": None if step.removed is None else step.removed.customers,
            "rules": [_count("rule", rule) for rule in step.rules],
            "notes": [_count("note", note) for note in step.notes],
        }
        for step in steps
    ]


def _count(key: str, count: RuleCount) -> dict[str, Any]:
    return {key: count.words, "candidates": count.candidates, "customers": count.customers}
