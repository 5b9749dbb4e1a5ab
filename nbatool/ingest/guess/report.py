"""The guess as plain text columns: what was guessed, why, and what to look at."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from nbatool.ingest.guess.records import CatalogueGuess, Guess, MapLine, ObjectiveGuess, SourceGuess

_INDENT = 16
_ORDER = ("customer_id", "type", "action_id", "value", "channel", "event_id", "probability", "position", "ts")


def render_report(guess: Guess, width: int = 100) -> str:
    """What `init --from` prints: files, columns, event types and their roles, goals, questions.

    Parameters
    ----------
    width
        Columns of the terminal; no line is longer unless a single word is.
    """
    width = max(width, 60)
    files = [_files(source) for source in guess.sources] + (
        [guess.catalogue.file.name] if guess.catalogue else []
    )
    left = max(map(len, files), default=0) + 3
    lines: list[str] = []
    for source in guess.sources:
        lines += _source(source, left, width)
    if guess.catalogue:
        lines.append(_catalogue(guess.catalogue, left))
    for remark in guess.remarks:
        lines += textwrap.wrap(remark, width, subsequent_indent="  ")
    if guess.types:
        lines += ["", *_types(guess, width)]
    lines += ["", *_goals(guess, width), *_settings(guess, width)]
    lines += _questions(guess, width)
    return "\n".join(line.rstrip() for line in lines)


def _files(source: SourceGuess) -> str:
    more = len(source.files) - 1
    return source.files[0].name + (f" and {more} more" if more else "")


def _source(source: SourceGuess, left: int, width: int) -> Iterator[str]:
    facts = f"{source.kind}: {source.rows:,} rows"
    if source.kind != "customers" or source.layout.format == "csv":
        facts += f", {source.layout.shown}"
    facts += f", {source.note}" if source.note else ""
    facts += f", preset {source.preset}" if source.preset else ""
    passed = [f"{source.blank_lines:,} blank lines passed over"] if source.blank_lines else []
    passed += [f"{source.bad_rows:,} rows cannot be read"] if source.bad_rows else []
    facts += f" ({', '.join(passed)})" if passed else ""
    yield from textwrap.wrap(f"{_files(source):<{left}}{facts}", width, subsequent_indent=" " * left,
                             drop_whitespace=True, replace_whitespace=False, break_on_hyphens=False)  # fmt: skip
    plain = [line for line in source.map if "." not in line.canonical]
    if source.kind == "customers":
        plain = [line for line in plain if line.doubt or line.canonical == "timezone"]
    plain.sort(
        key=lambda line: (
            line.doubt is not None,
            _ORDER.index(line.canonical) if line.canonical in _ORDER else 99,
        )
    )
    for line in plain:
        yield from _map_line(line.canonical, line, width)
    if source.group_by:
        yield from _row("one event", f"is all rows of one {' and '.join(source.group_by)}", "", width)
    for group in ("attributes", "context", "outcome"):
        yield from _group(source, group, width)
    if source.unused:
        yield from _row("not used", _some(source.unused, 14), "", width)
    for remark in source.remarks:
        yield from textwrap.wrap(remark, width, initial_indent="  ", subsequent_indent="    ")


def _group(source: SourceGuess, group: str, width: int) -> Iterator[str]:
    lines = [line for line in source.map if line.canonical.startswith(f"{group}.")]
    if not lines:
        return
    shown = [_attribute(line) for line in lines]
    yield from _row(group, _some(shown, 14), "", width)
    for line in lines:
        if line.doubt:
            name = line.canonical.split(".", 1)[1]
            yield from _row(name, line.note or shown_expression(line.expression), "", width, mark="?")


def _some(names: Sequence[str], most: int) -> str:
    plain = [" ".join(name.split()) for name in names[:most]]
    return ", ".join(plain) + (f" and {len(names) - most} more" if len(names) > most else "")


def _attribute(line: MapLine) -> str:
    name = line.canonical.split(".", 1)[1]
    return f"{name} ({line.note})" if line.note and not line.doubt else name


def shown_expression(expression: str) -> str:
    """An expression without its last cast to money, which says nothing to a reader."""
    return expression.removesuffix("::decimal(18,4)")


def _map_line(name: str, line: MapLine, width: int) -> Iterator[str]:
    yield from _row(
        name, shown_expression(line.expression), line.note, width, mark="?" if line.doubt else " "
    )


def _row(name: str, text: str, note: str, width: int, *, mark: str = " ") -> Iterator[str]:
    """`  name        ? text                    note`, wrapped under the text."""
    start = f"  {name:<12}{mark} " if len(name) <= 12 else f"  {name} {mark} "
    line = start + (f"{text:<46}  {note}" if note else text)
    if len(line) > width and note:
        line = start + f"{text}  {note}"
    if len(line) <= width:
        yield line
        return
    yield from textwrap.wrap(
        line, width, subsequent_indent=" " * _INDENT, break_long_words=False, break_on_hyphens=False,
        drop_whitespace=True,
    )  # fmt: skip


def _catalogue(catalogue: CatalogueGuess, left: int) -> str:
    channels = ", ".join(catalogue.channels) or "no channel"
    return f"{catalogue.file.name:<{left}}catalogue: {catalogue.actions} action{'' if catalogue.actions == 1 else 's'} on {channels}"


def _types(guess: Guess, width: int) -> Iterator[str]:
    shown = guess.types[:15]
    wide = min(max(len("type"), *(len(kind.type) for kind in shown)), 40)
    digits = max(len("rows"), *(len(f"{kind.rows:,}") for kind in shown))
    roles = max([len("role"), *(len(kind.role) for kind in shown)])
    yield f"  {'type':<{wide}}  {'rows':>{digits}}     {'role':<{roles}}   why"
    for kind in shown:
        name = kind.type if len(kind.type) <= wide else kind.type[: wide - 1] + "…"
        line = f"  {name:<{wide}}  {kind.rows:>{digits},}     {kind.role:<{roles}}   {kind.why}"
        yield line if len(line) <= width else line[: width - 1] + "…"
    if len(guess.types) > len(shown):
        yield f"  and {len(guess.types) - len(shown)} more types"


def _goals(guess: Guess, width: int) -> Iterator[str]:
    for position, objective in enumerate(guess.objectives):
        start = "less " if objective.weight < 0 else ""
        yield from _row("objective" if position == 0 else "", start + _objective(objective), "", width,
                        mark="?" if objective.doubt or objective.clip_doubt else " ")  # fmt: skip
    for target in guess.targets:
        yield from _row("target", target.name, "", width, mark="?" if target.doubt else " ")
    if guess.clv_horizon:
        yield from _row(
            "clv", f"lifetime value over {guess.clv_horizon}", "", width, mark="?" if guess.clv_doubt else " "
        )


def _settings(guess: Guess, width: int) -> Iterator[str]:
    if guess.catalogue and guess.catalogue.cost_why:
        yield from _row("cost", f"0 a contact: {guess.catalogue.cost_why}", "", width)
    yield from _row("currency", f"{guess.currency}: {guess.currency_why}", "", width,
                    mark="?" if guess.currency_doubt else " ")  # fmt: skip
    yield from _row("as_of", f"{guess.as_of}: {guess.as_of_why}", "", width,
                    mark="?" if guess.as_of_doubt else " ")  # fmt: skip


def _objective(objective: ObjectiveGuess) -> str:
    name = "reward" if objective.name == "reward_paid" else objective.name
    text = f"{name} within {objective.within}"
    if objective.clip_event is not None:
        text += f" (each event clipped at {objective.clip_event:g}: {objective.exceed:,} of {objective.rows:,} exceed it)"
    return text


def _questions(guess: Guess, width: int) -> Iterator[str]:
    if not guess.questions:
        return
    n = len(guess.questions)
    yield ""
    yield f'Not sure about {n} thing{"s" if n > 1 else ""}, marked "# ?" in nba.toml:'
    for number, question in enumerate(guess.questions, start=1):
        yield from textwrap.wrap(f"{number:>3}. {question.text}", min(width, 79), subsequent_indent="     ",
                                 break_on_hyphens=False)  # fmt: skip
