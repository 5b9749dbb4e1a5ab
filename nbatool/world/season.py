"""When people buy: the season of each category over days, and the hours of a day in each time zone."""

from __future__ import annotations

import numpy as np

from nbatool.world.latent import CATEGORIES, ZONE_OFFSET_HOURS, Floats, Ints

# Thursday is day 0 of 1970; the weekend is stronger.
WEEKDAY = np.array([0.95, 1.08, 1.22, 1.10, 0.88, 0.87, 0.90])
# category: (height of the yearly wave, day of the year of its top, height of December)
YEARLY = {
    "coffee": (0.10, 20.0, 0.10),
    "tea": (0.15, 20.0, 0.10),
    "bakery": (0.05, 300.0, 0.25),
    "household": (0.05, 120.0, 0.00),
    "gifts": (0.10, 130.0, 1.20),
}
# purchases by local hour, midnight first
HOURS = np.array([1, 0.5, 0.3, 0.3, 0.4, 1, 2, 4, 5, 5, 6, 6, 7, 6, 5, 5, 6, 7, 8, 8, 7, 5, 3, 2], float)


def season(first_day: int, days: int) -> Floats:
    """Return the factor on buying, shape (n_categories, days), for whole days from `first_day` (since 1970)."""
    day = np.arange(first_day, first_day + days)
    of_year = day % 365.25
    rows = []
    for name in CATEGORIES:
        height, top, december = YEARLY[name]
        wave = 1.0 + height * np.cos(2 * np.pi * (of_year - top) / 365.25)
        rows.append((wave + december * np.exp(-0.5 * ((of_year - 348.0) / 9.0) ** 2)) * WEEKDAY[day % 7])
    return np.array(rows)


def clock_seconds(day: Floats, zone: Ints) -> Ints:
    """Return seconds since 1970 for simulated days.

    Within each UTC day, time is bent (monotonely, so nothing changes its day or its order) until purchases fall
    in the shopping hours of the customer's zone.
    """
    whole = np.floor(day)
    part = day - whole
    bent = np.empty_like(part)
    for z, offset in enumerate(ZONE_OFFSET_HOURS):
        utc = np.roll(HOURS, -offset)
        shape = np.concatenate([[0.0], np.cumsum(utc) / utc.sum()])
        here = zone == z
        bent[here] = np.interp(part[here], shape, np.arange(25) / 24.0)
    seconds: Ints = (whole * 86_400 + np.minimum(np.floor(bent * 86_400), 86_399)).astype(np.int64)
    return seconds
