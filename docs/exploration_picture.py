"""Draws docs/exploration.svg with nbatool's own probabilities: ``python docs/exploration_picture.py``."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from nbatool.decide.exploration import (
    ExplorationTerms,
    data_driven_gamma,
    given_up,
    probabilities,
    spread_of,
)

WORTH = np.array([[2.0, 1.8, 1.5, 1.0, 0.5, -0.2, -1.4, 0.0]])
"""What seven offers and `nothing` are worth to one customer, in USD."""
SETTINGS = {"share": 0.10, "min_probability": 0.002, "max_loss": 1.0}
LEARNED = ((100, "#9ecae1"), (10_000, "#4292c6"), (1_000_000, "#08306b"))
"""Outcomes learned from, and the colour of their bars."""
NOISE = 20.0
"""Standard error of an uplift after one outcome, in USD; after n of them it is this over the root of n."""
LEFT, BASE, HEIGHT, STEP, BAR, TALLEST = 60, 250, 200, 82, 20, 0.05


def chances(outcomes: int) -> tuple[np.ndarray, float]:
    """(8,) the probabilities after so many outcomes, and what a decision gives up by exploring, in USD."""
    able = np.ones(WORTH.shape, dtype=np.bool_)
    spread = spread_of(WORTH, able, SETTINGS["max_loss"])
    gamma = data_driven_gamma(outcomes, WORTH.shape[1], NOISE / math.sqrt(outcomes), spread)
    p = probabilities(WORTH, able, ExplorationTerms("inverse_gap", **SETTINGS, gamma=gamma, spread=spread))
    return p[0], float(given_up(p, WORTH)[0])


def picture() -> str:
    order = np.argsort(-WORTH[0], kind="stable")[1:]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 340" font-family="sans-serif" font-size="12">',
        '<rect width="680" height="340" fill="white"/>',
    ]
    for tick in (0.0, 0.01, 0.02, 0.03, 0.04, 0.05):
        y = BASE - HEIGHT * tick / TALLEST
        parts.append(f'<line x1="{LEFT}" x2="660" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick * 100:.0f} %</text>')
    for k, (outcomes, colour) in enumerate(LEARNED):
        p, _cost = chances(outcomes)
        said = f"{outcomes:,} outcomes: the best gets {p.max() * 100:.1f} %"
        parts.append(f'<rect x="330" y="{14 + 20 * k}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="350" y="{24 + 20 * k}">{said}</text>')
        for place, j in enumerate(order):
            height = HEIGHT * p[j] / TALLEST
            x = LEFT + 10 + place * STEP + k * BAR
            parts.append(
                f'<rect x="{x}" y="{BASE - height:.1f}" width="{BAR - 2}" height="{height:.1f}" fill="{colour}"/>'
            )
    for place, j in enumerate(order):
        name = "nothing" if j == WORTH.shape[1] - 1 else f"offer {j + 1}"
        x = LEFT + 10 + place * STEP + 1.5 * BAR
        parts.append(f'<text x="{x}" y="{BASE + 18}" text-anchor="middle">{name}</text>')
        parts.append(f'<text x="{x}" y="{BASE + 34}" text-anchor="middle">{WORTH[0, j]:.2f} USD</text>')
    told = (
        "Chance of each candidate but the best one: offer 1, worth 2.00 USD.",
        "Offer 7, worth less than −max_loss, is never tried.",
    )
    for k, line in enumerate(told):
        parts.append(f'<text x="{LEFT}" y="{BASE + 58 + 18 * k}">{line}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_name("exploration.svg").write_text(picture(), encoding="utf-8")
