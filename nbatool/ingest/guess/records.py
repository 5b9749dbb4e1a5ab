"""What a guess consists of: plain records, from one file's layout (`Layout`, `Column`) to the whole workspace (`Guess`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written. `delimiter` is "whitespace" for runs of blanks; `columns` are CSV names."""

    format: str
    compression: str = ""
    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"

    @property
    def shown(self) -> str:
        """The layout in words, e.g. ``NDJSON in gzip``."""
        words = {"csv": "CSV", "ndjson": "NDJSON", "json": "JSON", "parquet": "Parquet"}[self.format]
        if self.format == "csv":
            named = {",": "", "\t": ", tab separated", "whitespace": ", separated by runs of blanks"}
            words += named.get(self.delimiter, f' with "{self.delimiter}"')
            words += "" if self.header else ", without a header"
        inside = {"gzip": " in gzip", "zstd": " in zstd", "bz2": " in bzip2"}.get(self.compression, "")
        return words + inside


@dataclass(frozen=True, slots=True)
class Column:
    """One column, or one key of a nested JSON object, and what its cells look like.

    Attributes
    ----------
    expression
        SQL that reads it from a raw row: `price`, `"emp.var.rate"`, `value->>'offer id'`.
    type
        "text", "number", "time", "boolean" or "json": what the file itself says (text in CSV).
    rows, filled, distinct, numbers, integers
        Counts of rows, non-empty cells, different cells (approximate), cells that are finite numbers, and
        of those the whole ones.
    low, high
        Smallest and largest number; None without numbers.
    sample
        Up to some hundred different non-empty cells, the most frequent first.
    parent
        The column that holds the nested object, "" at the top level.
    blanks
        "empty" when some text cells are empty, "blank" when some hold blanks only, else "".
    """

    name: str
    expression: str
    type: str
    rows: int
    filled: int
    distinct: int
    numbers: int
    integers: int
    low: float | None = None
    high: float | None = None
    sample: tuple[str, ...] = ()
    parent: str = ""
    blanks: str = ""

    @property
    def cleaned(self) -> str:
        """The expression with empty text cells as NULL, where there are any: ingest keeps cells as written."""
        made = {"": self.expression, "empty": f"nullif({self.expression}, '')"}
        return made.get(self.blanks, f"nullif(trim({self.expression}), '')")

    @property
    def numeric(self) -> bool:
        """True when every filled cell is a number."""
        return self.filled > 0 and self.numbers == self.filled

    @property
    def mostly_numeric(self) -> bool:
        """True when all but a twentieth of the filled cells are numbers."""
        return self.filled > 0 and self.numbers >= 0.95 * self.filled


@dataclass(frozen=True, slots=True)
class MapLine:
    """One line of a source's map.

    Attributes
    ----------
    canonical
        `customer_id`, `ts`, …, or `attributes.NAME`.
    expression
        The SQL written into nba.toml.
    note
        What the report says beside it.
    doubt
        None when sure; else the sentence of the question it raises.
    """

    canonical: str
    expression: str
    note: str = ""
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignHint:
    """Columns of a file without ids that look like a campaign: what was done, and what came of it."""

    treatment: str
    treatments: tuple[str, ...]
    outcomes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SourceGuess:
    """One [[source]] of the workspace.

    Attributes
    ----------
    unused
        Columns that no line of the map reads.
    doubt
        The sentence of a question about the whole source.
    """

    name: str
    kind: str
    files: tuple[Path, ...]
    layout: Layout
    rows: int
    map: tuple[MapLine, ...]
    group_by: tuple[str, ...] = ()
    lookups: tuple[tuple[str, Path, str], ...] = ()
    preset: str = ""
    blank_lines: int = 0
    bad_rows: int = 0
    note: str = ""
    remarks: tuple[str, ...] = ()
    campaign: CampaignHint | None = None
    unused: tuple[str, ...] = ()
    doubt: str | None = None

    def line(self, canonical: str) -> MapLine | None:
        """The map line of a canonical column, or None."""
        return next((line for line in self.map if line.canonical == canonical), None)

    @property
    def attributes(self) -> tuple[MapLine, ...]:
        """The map lines that keep attributes."""
        return tuple(line for line in self.map if line.canonical.startswith("attributes."))


@dataclass(frozen=True, slots=True)
class ResponseGuess:
    """The target an action is taken to bring about, and what it is worth in currency."""

    target: str
    value: float
    why: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueGuess:
    """A file that looks like the list of actions.

    Attributes
    ----------
    map
        id, name, channels, tags, cost, attributes.* and what else the file says of an action.
    response
        What a response is worth, where no logged contact tells the value of actions.
    usable
        False where nothing tells it: actions could not be valued.
    """

    file: Path
    layout: Layout
    actions: int
    map: tuple[MapLine, ...]
    channels: tuple[str, ...]
    channel_mode: str = "one"
    why: str = ""
    response: ResponseGuess | None = None
    usable: bool = True

    def line(self, canonical: str) -> MapLine | None:
        """The map line of a key of actions, or None."""
        return next((line for line in self.map if line.canonical == canonical), None)

    @property
    def cost_why(self) -> str | None:
        """What is assumed where a file has no costs."""
        if self.line("cost") is not None:
            return None
        return "assumed, none is known: with 0 almost everybody is worth contacting"


@dataclass(frozen=True, slots=True)
class TypeGuess:
    """One event type, its role ("" for none) and the reason."""

    type: str
    rows: int
    role: str = ""
    why: str = ""
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveGuess:
    """One [[objective]]; `within` is a duration as written, e.g. "5d"."""

    name: str
    event: str
    measure: str
    within: str
    clip_event: float | None = None
    weight: float = 1.0
    exceed: int = 0
    rows: int = 0
    why: str = ""
    doubt: str | None = None
    clip_doubt: str | None = None


@dataclass(frozen=True, slots=True)
class TargetGuess:
    """One [[target]]."""

    name: str
    event: str
    within: str
    happens: bool = True
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Something the guess is unsure of; its line in nba.toml ends in `# ?`."""

    text: str


@dataclass(frozen=True, slots=True)
class Guess:
    """Everything `nbatool init --from` believes about the files it was given."""

    directory: Path
    sources: tuple[SourceGuess, ...]
    types: tuple[TypeGuess, ...] = ()
    objectives: tuple[ObjectiveGuess, ...] = ()
    targets: tuple[TargetGuess, ...] = ()
    catalogue: CatalogueGuess | None = None
    response: ResponseGuess | None = None
    clv_horizon: str = ""
    currency: str = "USD"
    as_of: str = "now"
    span: str = ""
    questions: tuple[Question, ...] = ()
    remarks: tuple[str, ...] = ()
    clv_doubt: str | None = None
    currency_why: str = ""
    currency_doubt: str | None = None
    as_of_why: str = ""
    as_of_doubt: str | None = None

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """Role → event types, in the order of the contract."""
        order = ("purchase", "contact", "engage", "convert", "unsubscribe")
        found = {role: tuple(t.type for t in self.types if t.role == role) for role in order}
        return {role: names for role, names in found.items() if names}
