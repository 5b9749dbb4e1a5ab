"""Hand-written rules as a policy to compare with: the first rule that holds decides, else nothing.

A rules file is TOML::

    [[rule]]
    when = "days_since_last_purchase > 30"
    action = "win_back"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nbatool.base.errors import ConfigError, Problem, did_you_mean
from nbatool.base.expressions import Kind, Tree, compile_expression, is_true, names_in
from nbatool.base.settings import nearest_line, shown_path
from nbatool.base.toml_lines import key_lines
from nbatool.models.candidates import Candidate
from nbatool.models.table import IntArray

KEYS = ("when", "action", "channel")


@dataclass(frozen=True)
class Rule:
    """``when`` (None: always) → the candidate at this position."""

    when: Tree | None
    candidate: int


def read_rules(path: Path, kinds: dict[str, Kind], candidates: Sequence[Candidate]) -> tuple[Rule, ...]:
    """Read a rules file.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    shown = shown_path(path)
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([Problem(f"cannot be read as rules: {error}", shown, None)]) from None
    entries = data.get("rule")
    if set(data) != {"rule"} or not isinstance(entries, list) or not entries:
        said = 'rules are written as [[rule]] tables with when = "…" and action = "…", and nothing else'
        raise ConfigError([Problem(said, shown, None)])
    rules: list[Rule] = []
    problems: list[Problem] = []
    lines = key_lines(text)
    for number, entry in enumerate(entries, start=1):
        try:
            rules.append(_rule(entry, kinds, candidates))
        except _WrongRuleError as error:
            at = nearest_line(lines, ("rule", number - 1, error.key))
            problems.append(Problem(f"rule {number}: {error}", shown, at))
    if problems:
        raise ConfigError(problems)
    return tuple(rules)


def rule_names(rules: Sequence[Rule]) -> frozenset[str]:
    """Names the rules read."""
    return frozenset(name for rule in rules if rule.when is not None for name in names_in(rule.when))


def ruled(rules: Sequence[Rule], columns: Mapping[str, Any], n: int, n_candidates: int) -> IntArray:
    """Return what the rules choose for n rows, (n,); the last candidate, `nothing`, where none holds."""
    chosen = np.full(n, n_candidates - 1, dtype=np.int64)
    for rule in reversed(rules):
        holds = np.ones(n, dtype=np.bool_) if rule.when is None else is_true(rule.when, dict(columns), n)
        chosen = np.where(holds, rule.candidate, chosen)
    return chosen


class _WrongRuleError(Exception):
    """What is wrong with a rule, and the key it is about."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _rule(entry: Any, kinds: dict[str, Kind], candidates: Sequence[Candidate]) -> Rule:
    if not isinstance(entry, dict) or not isinstance(entry.get("action"), str):
        raise _WrongRuleError("action", '"action" is missing: what should be done?')
    for key in entry:
        if key not in KEYS:
            raise _WrongRuleError(key, f'unknown key "{key}"{did_you_mean(key, KEYS)}')
    action, channel = entry["action"], entry.get("channel")
    own = [j for j, (a, _) in enumerate(candidates) if a == action]
    if not own:
        known = sorted({a for a, _ in candidates})
        hint = did_you_mean(action, known)
        raise _WrongRuleError("action", f'no action "{action}"{hint} (known: {", ".join(known)})')
    fitting = [j for j in own if channel is None or candidates[j][1] in (channel, None)]
    if not fitting:
        channels = ", ".join(str(candidates[j][1]) for j in own)
        raise _WrongRuleError("channel", f'"{action}" does not go out by "{channel}" (but by {channels})')
    when = entry.get("when")
    try:
        return Rule(None if when is None else compile_expression(str(when), kinds), fitting[0])
    except ConfigError as error:
        raise _WrongRuleError("when", "; ".join(p.message for p in error.problems)) from None
