"""Do the rules and segments of ``[evaluate]`` name what there is? Asked before minutes of work, and by `nbatool doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nbatool.base.errors import ConfigError, Problem, did_you_mean
from nbatool.base.records import NOTHING, Action
from nbatool.decide.assemble import expression_kinds
from nbatool.measure.rules import read_rules
from nbatool.models.candidates import Candidate

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.models.bundle import Bundle

MOST_NAMED = 20
CONTEXT = "context."
"""What requests said is known only from the decisions themselves."""


def require_known_names(config: Config, bundle: Bundle, actions: Sequence[Action]) -> None:
    """Refuse rules and segments that name what does not exist.

    Raises
    ------
    ConfigError
        With every problem, its file and line.
    """
    problems = [*_segment_problems(config, bundle), *_rule_problems(config, bundle, actions)]
    if problems:
        raise ConfigError(problems)


def unknown_segment(config: Config, name: str, known: Sequence[str]) -> Problem:
    """Return the problem of a segment nobody knows, at its place in nba.toml."""
    at = list(config.evaluate.segments).index(name)
    hint = did_you_mean(name, known) or f". Known are {', '.join(known[:MOST_NAMED])}"
    more = len(known) - MOST_NAMED
    more_of = f" and {more} more (nbatool features)" if more > 0 and not did_you_mean(name, known) else ""
    return config.problem(
        f'[evaluate] segments: there is no attribute or feature "{name}"{hint}{more_of}',
        "evaluate",
        "segments",
        at,
    )


def catalogue_candidates(config: Config, actions: Sequence[Action]) -> tuple[Candidate, ...]:
    """What the catalogue lets a rule choose."""
    if config.catalogue.channel_mode == "all":
        return (*((a.id, None) for a in actions), (NOTHING, None))
    return (*((a.id, channel) for a in actions for channel in a.channels or (None,)), (NOTHING, None))


def _segment_problems(config: Config, bundle: Bundle) -> Iterator[Problem]:
    attributes = [attribute.name for attribute in bundle.features.attributes]
    known = [*attributes, *(name for name in bundle.customer.names if name not in attributes)]
    for name in config.evaluate.segments:
        if name not in known and not name.startswith(CONTEXT):
            yield unknown_segment(config, name, known)


def _rule_problems(config: Config, bundle: Bundle, actions: Sequence[Action]) -> Iterator[Problem]:
    file = config.evaluate.rules
    if file is None:
        return
    if not file.exists():
        said = (
            f'[evaluate] rules: there is no file "{file.name}" beside nba.toml; write it or take the line out'
        )
        yield config.problem(said, "evaluate", "rules")
        return
    try:
        read_rules(file, expression_kinds(bundle), catalogue_candidates(config, actions))
    except ConfigError as error:
        yield from error.problems
