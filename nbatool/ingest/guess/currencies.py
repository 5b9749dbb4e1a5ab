"""In which currency the amounts are: by a column of codes, else by the signs in the amounts themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from nbatool.ingest.guess.events import EventsDraft
from nbatool.ingest.guess.file_look import FileLook
from nbatool.ingest.guess.numbers import COMMON_CODES, CURRENCIES, SIGN
from nbatool.ingest.guess.records import Column
from nbatool.ingest.guess.words import CONVERSION_COST, COST, CURRENCY, RESPONSE_VALUE, named, words
from nbatool.ingest.guess.workbench import Workbench

_ASSUMED = "USD"
_SHOWN = 5
_NUMBER_WORDS = {2: "two", 3: "three", 4: "four"}
_CODE = re.compile(
    r"AED|AFN|ALL|AMD|ANG|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BGN|BHD|BIF|BMD|BND|BOB|BRL|BSD|BTN|BWP|BYN|"
    r"BZD|CAD|CDF|CHF|CLP|CNY|COP|CRC|CUP|CVE|CZK|DJF|DKK|DOP|DZD|EGP|ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|"
    r"GIP|GMD|GNF|GTQ|GYD|HKD|HNL|HRK|HTG|HUF|IDR|ILS|INR|IQD|IRR|ISK|JMD|JOD|JPY|KES|KGS|KHR|KMF|KPW|"
    r"KRW|KWD|KYD|KZT|LAK|LBP|LKR|LRD|LSL|LYD|MAD|MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MYR|MZN|"
    r"NAD|NGN|NIO|NOK|NPR|NZD|OMR|PAB|PEN|PGK|PHP|PKR|PLN|PYG|QAR|RON|RSD|RUB|RWF|SAR|SBD|SCR|SDG|SEK|"
    r"SGD|SHP|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TND|TOP|TRY|TTD|TWD|TZS|UAH|UGX|USD|UYU|UZS|"
    r"VES|VND|VUV|WST|XAF|XCD|XCG|XOF|XPF|YER|ZAR|ZMW|ZWG"
)
"""ISO 4217, without funds and metals."""

_NAMED = {code.lower(): code for code in COMMON_CODES} | {
    "dollar": "USD",
    "dollars": "USD",
    "euro": "EUR",
    "euros": "EUR",
}


@dataclass(frozen=True, slots=True)
class CurrencyFound:
    """The workspace's currency, where it is from, and the question it raises."""

    code: str
    why: str
    doubt: str | None = None


def guessed_currency(
    bench: Workbench, drafts: Sequence[EventsDraft], catalogue: FileLook | None
) -> CurrencyFound:
    """The currency of most amounts of the events (and of the catalogue's costs); USD where none is named."""
    rows: Counter[str] = Counter()
    for draft in drafts:
        rows.update(_of_events(bench, draft))
    if catalogue is not None:
        rows.update(_of_catalogue(bench, catalogue))
    ranked = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    if not ranked:
        return CurrencyFound(_ASSUMED, "assumed, no file names one")
    listed = ", ".join(f"{code} {n:,} row{'' if n == 1 else 's'}" for code, n in ranked[:_SHOWN])
    listed += f" and {len(ranked) - _SHOWN} more" if len(ranked) > _SHOWN else ""
    if len(ranked) == 1:
        return CurrencyFound(ranked[0][0], f"named in {listed.partition(' ')[2]}")
    doubt = (
        f"{_NUMBER_WORDS.get(len(ranked), len(ranked))} currencies: {listed}; amounts are added as they are, not "
        "converted. Convert them in the map of value, or keep to files of one currency."
    )
    return CurrencyFound(ranked[0][0], f"{listed}: added as they are", doubt)


def _of_events(bench: Workbench, draft: EventsDraft) -> Counter[str]:
    if draft.value is None:
        return Counter()
    return _counted(bench, draft.seen, [c for c in draft.seen.columns if c.expression in draft.value.used])


def _of_catalogue(bench: Workbench, seen: FileLook) -> Counter[str]:
    priced = [c for c in seen.columns if named(c.name, (*COST, *CONVERSION_COST, *RESPONSE_VALUE))]
    return _counted(bench, seen, priced)


def _counted(bench: Workbench, seen: FileLook, amounts: Sequence[Column]) -> Counter[str]:
    """Rows with an amount by currency; those that name none are left out."""
    column = _code_column(seen, amounts)
    in_name = next((code for amount in amounts if (code := _code_in_name(amount.name))), None)
    said = f"({column.expression})::varchar" if column else f"'{in_name}'" if in_name else "null::varchar"
    if not amounts or (column is None and in_name is None and all(amount.numeric for amount in amounts)):
        return Counter()
    texts = ", ".join(f"nullif(trim(({amount.expression})::varchar), '')" for amount in amounts)
    made = {
        "said": said,
        "amount": f"coalesce({texts})" if len(amounts) > 1 else texts,
    }
    bench.view("money", seen.raw.table, made)
    found: Counter[str] = Counter()
    for written, rows in bench.rows("currencies", sign=SIGN):
        code = CURRENCIES.get(written, written)
        if code is not None and _CODE.fullmatch(code):
            found[code] += rows
    return found


def _code_column(seen: FileLook, amounts: Sequence[Column]) -> Column | None:
    """The column called a currency that holds codes or signs; without such a name, one of nothing but codes."""
    free = [c for c in seen.columns if c.type == "text" and c.sample and c not in amounts]
    by_name = seen.column(CURRENCY, [c for c in free if any(_code_or_sign(cell) for cell in c.sample)])
    return by_name or next((column for column in free if _all_codes(column)), None)


def _code_in_name(name: str) -> str | None:
    """The currency that the name of a column of money says.

    >>> _code_in_name("amount_eur"), _code_in_name("dollar_value"), _code_in_name("price")
    ('EUR', 'USD', None)
    """
    return next((_NAMED[word] for word in words(name) if word in _NAMED), None)


def _code_or_sign(cell: str) -> bool:
    return _CODE.fullmatch(cell.strip().upper()) is not None or cell.strip() in CURRENCIES


def _all_codes(column: Column) -> bool:
    """Codes alone, a usual one among them: ALL and TOP alone are words."""
    cells = {cell.strip() for cell in column.sample}
    return all(_CODE.fullmatch(cell) or cell in CURRENCIES for cell in cells) and not cells.isdisjoint(
        {*COMMON_CODES, *CURRENCIES}
    )
