"""Vowpal Wabbit behind a pipe: run by the interpreter that has it, and by nothing else of this package.

Reads one JSON object a line: ``{"shared": [text, …]}`` answers the probabilities of all arms for each,
``{"shared": […], "arm": […], "cost": […], "probability": […]}`` learns. ``argv[1]`` is VW's command line,
``argv[2]`` the texts of the arms as a JSON list.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    import vowpalwabbit  # type: ignore[import-not-found, unused-ignore]

    model = vowpalwabbit.Workspace(sys.argv[1])
    arms: list[str] = json.loads(sys.argv[2])
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        if "arm" in asked:
            learn(model, arms, asked)
            answer: list[Any] = []
        else:
            answer = [probabilities(model, arms, shared) for shared in asked["shared"]]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def probabilities(model: Any, arms: list[str], shared: str) -> list[float]:
    return list(model.predict([f"shared |c {shared}", *(f"|a {arm}" for arm in arms)]))


def learn(model: Any, arms: list[str], asked: dict[str, Any]) -> None:
    columns = (asked[name] for name in ("shared", "arm", "cost", "probability"))
    for shared, chosen, cost, probability in zip(*columns, strict=True):
        lines = [f"|a {arm}" for arm in arms]
        lines[chosen] = f"0:{cost}:{probability} {lines[chosen]}"
        model.learn([f"shared |c {shared}", *lines])


if __name__ == "__main__":
    main()
