"""The operators and functions a map may use, by the names sqlglot gives them. What is not listed is refused."""

from __future__ import annotations

from typing import Final

NODES: Final = frozenset(
    """
    Add And Array Between Boolean Bracket Case Cast Column DPipe DataType DataTypeParam Div Dot Distinct
    EQ Escape GT GTE Identifier If IgnoreNulls ILike In IntDiv Interval Is JSONExtract JSONExtractScalar
    LT LTE Like Literal Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ Or Paren PropertyEQ Star Struct
    Sub TryCast Var
    """.split()  # noqa: SIM905 - a list of one word a line would be pages long
)
"""Operators and literals."""

FUNCTIONS: Final = frozenset(
    """
    Abs ArrayContains ArraySize ArrayToString Ceil Coalesce Concat ConcatWs Contains DateAdd DateDiff
    DateFromParts DateSub DateTrunc Day DayOfWeek DayOfYear EndsWith Exp Extract Floor Greatest Hour
    JSONExtractArray JSONType LastDay Least Left Length Ln Log Lower MD5 MD5Digest Minute Month Nullif
    Pad Pow Quarter RegexpExtract RegexpFullMatch RegexpLike RegexpReplace Replace Reverse Right Round
    Second Sign Split SplitPart Sqrt StartsWith StrPosition StrToTime Substring TimeToStr TimeToUnix
    TimestampFromParts TimestampTrunc ToDays Trim Trunc UnixToTime Upper Week Year
    """.split()  # noqa: SIM905 - a list of one word a line would be pages long
)
"""Functions that sqlglot knows by class."""

NAMED_FUNCTIONS: Final = frozenset(
    """
    date_part epoch_us epoch_ns json_array_length json_exists json_keys json_type json_valid
    list_extract make_timestamptz regexp_full_match str_split string_split strip_accents to_hours
    to_json to_microseconds to_milliseconds to_minutes to_months to_seconds to_weeks to_years trunc
    try_strptime url_decode
    """.split()  # noqa: SIM905 - a list of one word a line would be pages long
)
"""Functions that sqlglot knows only by name."""
