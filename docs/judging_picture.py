"""Draws a judgement: ``nbatool evaluate --json | python docs/judging_picture.py > docs/judging.svg``."""

from __future__ import annotations

import json
import sys
from typing import Any

WORDS = {
    "champion": "the policy",
    "logged": "what was done",
    "random": "any action alike",
    "best_single": "best single action",
    "nothing": "nothing",
    "greedy": "the policy, never trying",
    "challenger": "the challenger",
    "rules": "the rules",
}
LEFT, RIGHT, TOP, ROW, WIDTH = 190, 540, 40, 44, 720


def picture(found: dict[str, Any]) -> str:
    shown = {name: p["estimates"] for name, p in found["policies"].items() if p["estimates"]}
    order = sorted(shown, key=lambda name: -shown[name]["DR"]["value"])
    low = min(e[kind]["low"] for e in shown.values() for kind in ("DR", "SNIPS"))
    high = max(e[kind]["high"] for e in shown.values() for kind in ("DR", "SNIPS"))
    height = TOP + ROW * len(order) + 40

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<circle cx="{LEFT + 6}" cy="16" r="4" fill="#08306b"/><text x="{LEFT + 16}" y="20">doubly robust</text>',
        f'<circle cx="{LEFT + 126}" cy="16" r="4" fill="#9ecae1"/><text x="{LEFT + 136}" y="20">weights alone (SNIPS)</text>',
    ]
    for k, name in enumerate(order):
        y = TOP + ROW * k + 16
        parts.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{WORDS.get(name, name)}</text>')
        for kind, colour, shift in (("DR", "#08306b", -6), ("SNIPS", "#9ecae1", 6)):
            e = shown[name][kind]
            parts.append(
                f'<line x1="{x(e["low"]):.1f}" x2="{x(e["high"]):.1f}" y1="{y + shift}" y2="{y + shift}" '
                f'stroke="{colour}" stroke-width="3"/>'
                f'<circle cx="{x(e["value"]):.1f}" cy="{y + shift}" r="4" fill="{colour}"/>'
            )
        e = shown[name]["DR"]
        parts.append(
            f'<text x="{RIGHT + 12}" y="{y + 4}">{e["value"]:.2f} ({e["low"]:.2f} to {e["high"]:.2f})</text>'
        )
    parts.append(
        f'<text x="{LEFT}" y="{height - 12}">{found["currency"]} per decision, 95 % intervals, '
        f"{found['decisions']:,} decisions</text></svg>"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(picture(json.load(sys.stdin)) + "\n")
