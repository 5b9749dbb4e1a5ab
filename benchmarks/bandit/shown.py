"""What came of it: per set against each of the peer's configurations, and the marks over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

AHEAD, ERRORS, MOST_TIME = 0.05, 2.0, 20.0
"""Marks: mean over the sets above the peer's best configuration; paired standard errors below it on any set; time."""


@dataclass(frozen=True)
class Played:
    """Scores and processor seconds of every shuffle, ours and by configuration of the peer."""

    name: str
    scores: list[float]
    seconds: list[float]
    peer_scores: dict[str, list[float]]
    peer_seconds: dict[str, list[float]]

    @property
    def score(self) -> float:
        return float(np.mean(self.scores))

    def best(self) -> str:
        return max(self.peer_scores, key=lambda name: float(np.mean(self.peer_scores[name])))

    def ahead(self, configuration: str) -> tuple[float, float]:
        """Mean of the paired differences to a configuration, and its standard error.

        >>> [round(v, 3) for v in Played("x", [0.9, 0.8], [], {"a": [0.8, 0.6]}, {}).ahead("a")]
        [0.15, 0.05]
        """
        difference = np.array(self.scores) - np.array(self.peer_scores[configuration])
        error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if len(difference) > 1 else 0.0
        return float(difference.mean()), error


def table(played: Sequence[Played]) -> str:
    """Return one line per set: our score and seconds, then score and paired difference ± error per configuration."""
    lines = []
    for one in played:
        line = f"{one.name:14} ours {one.score:.4f} ({sum(one.seconds):,.1f} s, {len(one.scores)} shuffles)"
        for name, scores in one.peer_scores.items():
            difference, error = one.ahead(name)
            line += f"\n    {name:16} {np.mean(scores):.4f}  {difference:+.4f} ± {error:.4f}"
            line += f"  ({sum(one.peer_seconds[name]):,.1f} s){'  best' * (name == one.best())}"
        lines.append(line)
    return "\n".join(lines)


def summary(played: Sequence[Played]) -> str:
    """Return the marks, met or not."""
    ours = float(np.mean([one.score for one in played])) if played else 0.0
    lines = [f"mean of {len(played)} sets: {ours:.4f}"]
    if not played or not all(one.peer_scores for one in played):
        return "\n".join([*lines, "no peer to compare with"])
    names = list(played[0].peer_scores)
    means = {name: float(np.mean([np.mean(one.peer_scores[name]) for one in played])) for name in names}
    best = max(names, key=lambda name: means[name])
    behind = {one.name: one.ahead(one.best()) for one in played}
    below = [name for name, (d, error) in behind.items() if d < -ERRORS * error]
    seconds = sum(sum(one.seconds) for one in played)
    theirs = [sum(sum(one.peer_seconds[name]) for one in played) for name in names]
    ratio = seconds / float(np.mean(theirs))
    lines += [
        f"peer's best configuration: {best} {means[best]:.4f}; ahead {ours - means[best]:+.4f}"
        f" (mark ≥ {AHEAD:+g}: {_met(ours - means[best] >= AHEAD)})",
        f"sets more than {ERRORS:g} paired standard errors below the peer's best on it: {', '.join(below) or 'none'}"
        f" (mark: none: {_met(not below)})",
        f"processor time {seconds:,.0f} s, a configuration of the peer {np.mean(theirs):,.0f} s on average: ratio {ratio:.1f}"
        f" (mark ≤ {MOST_TIME:g}: {_met(ratio <= MOST_TIME)})",
    ]
    return "\n".join(lines)


def _met(met: bool) -> str:
    return "yes" if met else "NO"
