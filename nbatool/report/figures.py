"""Numbers as people read them: money with its sign and symbol, shares without their zero, figures that may be missing."""

from __future__ import annotations

import math

SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def money_text(amount: float | None, currency: str, decimals: int = 2, *, signed: bool = False) -> str:
    """Return an amount in a currency; a currency without a symbol of its own is named by its code.

    >>> money_text(-1234.5, "USD"), money_text(3, "EUR", 0), money_text(2, "CHF", signed=True)
    ('-$1,234.50', '€3', '+CHF 2.00')
    """
    if amount is None or math.isnan(amount):
        return "unknown"
    amount = round(amount, decimals) + 0.0
    sign = "-" if amount < 0 else "+" if signed else ""
    return f"{sign}{SYMBOLS.get(currency, f'{currency} ')}{abs(amount):,.{decimals}f}"


def share_text(value: float | None, decimals: int = 2) -> str:
    """Return a figure between 0 and 1 without its leading zero; "-" where there is none.

    >>> share_text(0.814), share_text(1.0), share_text(-0.03, 3), share_text(None)
    ('.81', '1.00', '-.030', '-')
    """
    if value is None or math.isnan(value):
        return "-"
    text = f"{value + 0.0:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def number_text(value: float | None, decimals: int = 0) -> str:
    """Return a number with thousands separated; "-" where there is none.

    >>> number_text(8214.2), number_text(None)
    ('8,214', '-')
    """
    return "-" if value is None or math.isnan(value) else f"{value + 0.0:,.{decimals}f}"


def counted(n: int, what: str, many: str = "") -> str:
    """Return a number of things, ``many`` where more of them are not just one with an s.

    >>> counted(1, "decision"), counted(1_200, "customer")
    ('1 decision', '1,200 customers')
    """
    return f"{n:,} {what if n == 1 else many or f'{what}s'}"


def minute_text(iso: str | None) -> str:
    """Return an ISO time to the minute, as people write it.

    >>> minute_text("2018-07-01T00:00:00Z")
    '2018-07-01 00:00 UTC'
    """
    return "-" if iso is None else f"{iso[:10]} {iso[11:16]} UTC"
