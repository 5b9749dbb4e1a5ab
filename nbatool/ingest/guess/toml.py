"""The guess as nba.toml: complete, commented, each unsure line ending in `# ?`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nbatool.ingest.guess.records import CatalogueGuess, Guess, Layout, MapLine, SourceGuess


def render_toml(guess: Guess) -> str:
    """Write the guess as the text of nba.toml.

    It loads with :func:`nbatool.base.config.load_config` from `guess.directory`.
    """
    parts = [
        "\n".join(_workspace(guess)),
        *("\n".join(_source(guess.directory, source)) for source in guess.sources),
        *(["\n".join(_roles(guess))] if guess.roles else []),
        *("\n".join(block) for block in _goals(guess)),
        *(["\n".join(_catalogue_block(guess.directory, guess.catalogue))] if guess.catalogue else []),
        *(["\n".join(_example_action(guess))] if guess.catalogue is None else []),
        *("\n".join(_campaign(guess.directory, source)) for source in guess.sources if source.campaign),
    ]
    return "\n\n".join(parts) + "\n"


def text(value: str) -> str:
    r"""Write a TOML string, in the quotes that need no escapes if there are such.

    >>> print(text("a"), text('"emp.var.rate"::double'), text("it's \"x\""))
    "a" '"emp.var.rate"::double' "it's \"x\""
    """
    if '"' not in value and "\\" not in value and value.isprintable():
        return f'"{value}"'
    if "'" not in value and value.isprintable():
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def written_path(path: Path, directory: Path) -> str:
    """A file as nba.toml names it: relative to the workspace when it lies below it."""
    absolute, root = path.absolute(), directory.absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.as_posix()


def _workspace(guess: Guess) -> Iterator[str]:
    yield "# Guessed by `nbatool init --from`. Lines that end in  # ?  are worth a look; the rest follows from the files."
    yield "# Try it:  nbatool ingest --dry-run   shows five mapped rows of each source and stores nothing."
    yield ""
    yield "[workspace]"
    yield f"{f'currency = {text(guess.currency)}':<34}# {guess.currency_why}" + (
        " # ?" if guess.currency_doubt else ""
    )
    yield 'timezone = "UTC"                  # the zone of dates and days'
    if guess.as_of == "now":
        yield f"# as_of is left out: {guess.as_of_why}" + (" # ?" if guess.as_of_doubt else "")
    else:
        yield f"as_of = {text(guess.as_of):<26}# {guess.as_of_why}"
    for remark in guess.remarks:
        yield f"# {remark}"


def _layout(layout: Layout) -> Iterator[str]:
    yield f"format = {text(layout.format)}"
    if layout.format == "csv":
        if layout.delimiter != ",":
            yield f"delimiter = {_delimiter(layout.delimiter)}"
        if not layout.header:
            yield "header = false"
            yield f"columns = [{', '.join(text(name) for name in layout.columns)}]"
    if layout.encoding != "utf-8":
        yield f"encoding = {text(layout.encoding)}"


def _delimiter(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else text(delimiter)


def _source(directory: Path, source: SourceGuess) -> Iterator[str]:
    yield f"# {source.rows:,} rows, {source.layout.shown}" + (f", {source.note}" if source.note else "")
    for remark in source.remarks:
        yield f"# {remark}"
    if source.unused:
        names = [" ".join(name.split()) for name in source.unused[:40]]
        yield f"# not used: {', '.join(names)}{' …' if len(source.unused) > 40 else ''}"
    if source.doubt:
        yield f"# {' '.join(source.doubt.split())} # ?"
    if source.preset:
        yield f"# The mapping of {source.preset}, written out so that you can change it."
    yield "[[source]]"
    yield f"name = {text(source.name)}"
    yield f"kind = {text(source.kind)}"
    yield f"files = [{', '.join(text(written_path(path, directory)) for path in source.files)}]"
    yield from _layout(source.layout)
    if source.group_by:
        yield f"group_by = [{', '.join(text(name) for name in source.group_by)}]   # these rows are one event"
    for alias, path, on in source.lookups:
        yield f"[source.lookup.{alias}]"
        yield f"file = {text(written_path(path, directory))}"
        yield f"on = {text(on)}"
    yield "[source.map]"
    for line in _in_order(source.map):
        yield map_line(line)


def _in_order(lines: tuple[MapLine, ...]) -> list[MapLine]:
    order = ("decision_id", "customer_id", "ts", "type", "event_id", "value", "action_id", "channel")
    return sorted(
        lines, key=lambda line: order.index(line.canonical) if line.canonical in order else len(order)
    )


def map_line(line: MapLine) -> str:
    """One `canonical = "expression"` line, with what was seen and `# ?` where unsure."""
    left = f"{line.canonical} = {text(line.expression)}"
    if line.doubt is None:
        return left + (f"   # {line.note}" if line.canonical == "action_id" and line.note else "")
    noted = line.note and line.canonical != "ts"
    return f"{left}   # {line.note} # ?" if noted else f"{left}   # ?"


def _roles(guess: Guess) -> Iterator[str]:
    yield "[roles]                           # what event types mean"
    for role, types in guess.roles.items():
        doubted = any(kind.doubt for kind in guess.types if kind.role == role)
        why = "; ".join(dict.fromkeys(kind.why for kind in guess.types if kind.role == role))
        yield f"{role} = [{', '.join(text(name) for name in types)}]   # {why}" + (" # ?" if doubted else "")
    others = [kind.type for kind in guess.types if not kind.role]
    if others:
        doubted = any(kind.doubt for kind in guess.types if not kind.role)
        listed = f"# without a role: {', '.join(others[:12])}{' …' if len(others) > 12 else ''}"
        yield listed + (" # ?" if doubted else "")


def _goals(guess: Guess) -> Iterator[list[str]]:
    for objective in guess.objectives:
        block = ["[[objective]]" + ("   # ?" if objective.doubt else ""), f"name = {text(objective.name)}"]
        block += [f"event = {text(objective.event)}"] if objective.event else []
        block += [f"measure = {text(objective.measure)}", f"within = {text(objective.within)}"]
        if objective.clip_event is not None:
            block.append(
                f"clip_event = {objective.clip_event}   # {objective.exceed:,} of {objective.rows:,} exceed it"
                + (" # ?" if objective.clip_doubt else "")
            )
        block += [f"weight = {objective.weight}"] if objective.weight != 1 else []
        yield block
    for target in guess.targets:
        block = ["[[target]]" + ("   # ?" if target.doubt else ""), f"name = {text(target.name)}"]
        block += [f"event = {text(target.event)}", f"within = {text(target.within)}"]
        block += [] if target.happens else ["happens = false   # the probability that it does not: churn"]
        yield block
    if guess.clv_horizon:
        yield [
            "[clv]                             # lifetime value",
            f"horizon = {text(guess.clv_horizon)}" + ("   # ?" if guess.clv_doubt else ""),
            'grain = "1d"',
        ]


def _catalogue_block(directory: Path, catalogue: CatalogueGuess) -> Iterator[str]:
    if catalogue.usable:
        yield from _catalogue(directory, catalogue)
        return
    yield "# Actions can be valued once events of purchases or contacts are there. Until then they are left out:"
    for line in _catalogue(directory, catalogue):
        plain = line.removesuffix("# ?").rstrip()
        yield plain if line.startswith("#") else f"# {plain}"


def _catalogue(directory: Path, catalogue: CatalogueGuess) -> Iterator[str]:
    yield f"# {catalogue.actions} action{'' if catalogue.actions == 1 else 's'}; {catalogue.why}"
    yield "[catalogue]"
    yield f"file = {text(written_path(catalogue.file, directory))}"
    mode = (
        "each action goes out on all its channels"
        if catalogue.channel_mode == "all"
        else "one channel is picked"
    )
    yield f"channel_mode = {text(catalogue.channel_mode):<19}# {mode}"
    yield from _defaults(catalogue)
    yield "[catalogue.map]"
    for line in catalogue.map:
        yield map_line(line)


def _defaults(catalogue: CatalogueGuess) -> Iterator[str]:
    """What holds for every action: cost 0 where none is known, and a value where no contact tells one."""
    response = catalogue.response
    said = [f"cost = 0.0{'':<24}# per contact: {catalogue.cost_why}"] if catalogue.cost_why else []
    channels = catalogue.line("channels")
    if channels is not None and channels.note:
        said.append(f"channels = [{text(catalogue.channels[0])}]")
    if response is not None:
        said.append(f"target = {text(response.target)}")
        said += [] if catalogue.line("value_per_response") else [f"value_per_response = {response.value}"]
        said[-1] += f"   # a response while no contact was logged: {response.why} # ?"
    if said:
        yield "[catalogue.defaults]"
        yield from said


def _example_action(guess: Guess) -> Iterator[str]:
    response = guess.response
    target, value = (response.target, response.value) if response else ("purchase_30d", 12.0)
    yield "# No list of actions was found. Actions are what nbatool chooses from; add them like this:"
    yield "# [[action]]"
    yield '# id = "ten_percent_off"'
    yield '# name = "Ten percent off the next order"'
    yield '# channels = ["email"]'
    yield "# cost = 0.10                     # per contact"
    yield f"# target = {text(target)}         # while no contact was ever logged:"
    yield f"{f'# value_per_response = {value}':<34}# what a response is worth" + (
        f": {response.why}" if response else ""
    )
    yield '# eligible_when = "days_since_last_purchase < 180"'


def _campaign(directory: Path, source: SourceGuess) -> Iterator[str]:
    hint = source.campaign
    assert hint is not None
    yield f"# {hint.treatment} looks like what was done, {', '.join(name for name, _ in hint.outcomes)} like what came of it."
    yield "# To learn from it, set the date of the campaign, which value means nothing was done, and the probability:"
    yield "# [[source]]"
    yield f'# name = "{source.name}_campaign"'
    yield '# kind = "decisions"'
    yield f"# files = [{', '.join(text(written_path(path, directory)) for path in source.files)}]"
    for line in _layout(source.layout):
        yield f"# {line}"
    yield "# [source.map]"
    yield f"# decision_id = {text('_row')}"
    yield f"# customer_id = {text('_row')}"
    yield "# ts = \"timestamp '2020-01-01'\""
    yield f"# action_id = {text(hint.treatment)}   # {', '.join(hint.treatments[:6])}; write 'nothing' for no contact"
    yield "# channel = \"'email'\""
    yield f'# probability = "1/{len(hint.treatments)}.0"'
    for name, expression in hint.outcomes:
        yield f"# outcome.{name} = {text(expression)}"
