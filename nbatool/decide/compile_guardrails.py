"""``[guardrails]`` bound to a catalogue: names checked, expressions compiled, gaps and caps as rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from nbatool.base.config_checks import CONTACTS_EVERYBODY
from nbatool.base.errors import ConfigError, Problem, did_you_mean
from nbatool.base.expressions import Kind, compile_expression
from nbatool.decide.catalogue import Catalogue, action_kinds
from nbatool.decide.consented import single_channels
from nbatool.decide.contact_rules import CAP, GAP, ContactRule, ContactRules
from nbatool.decide.contradictions import caps_that_stop_everything, shares_that_cannot_be
from nbatool.decide.guardrails import REACH, REVIEW, SUPPRESSED, Condition, Guardrails
from nbatool.decide.population_limits import (
    BUDGET,
    CAPACITY,
    LEAST_SHARE,
    MOST_SHARE,
    STOCK,
    PopulationLimit,
    PopulationLimits,
)
from nbatool.decide.quiet_hours import QuietHours, QuietRule

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.base.guardrail_settings import About
    from nbatool.base.guardrail_settings import Guardrails as Settings

Keys = tuple[str | int, ...]
LIMITS = (BUDGET, CAPACITY, LEAST_SHARE, MOST_SHARE)


def compile_guardrails(config: Config, catalogue: Catalogue, kinds: Mapping[str, Kind]) -> Guardrails:
    """Return the guardrails of a workspace over a catalogue.

    Parameters
    ----------
    kinds
        Names expressions may use: features, attributes, scores.

    Raises
    ------
    ConfigError
        A rule is about a channel, action or tag the catalogue does not have, an expression is wrong, or no contact is
        left; all problems at once, each with its line.
    """
    settings = config.guardrails
    problems = [_problem(config, keys, message) for keys, message in _unknown(settings, catalogue)]
    problems += [
        _problem(config, keys, message) for keys, message in caps_that_stop_everything(settings, catalogue)
    ]
    names = {**kinds, **action_kinds(list(catalogue.actions.values()))}
    conditions: list[Condition] = []
    for keys, condition, text in _conditions(settings):
        try:
            conditions.append(_compiled(condition, text, names))
        except ConfigError as error:
            problems += [_at(config, keys, problem) for problem in error.problems]
    if problems:
        raise ConfigError(problems)
    quiet = tuple(
        QuietRule(rule.start, rule.end, frozenset(rule.channels) if rule.channels else None)
        for rule in settings.quiet_hours
    )
    return Guardrails(
        catalogue,
        tuple(c for c in conditions if c.step != REVIEW),
        frozenset(settings.require_consent),
        ContactRules(tuple(_contact_rules(settings, catalogue)), catalogue),
        QuietHours(quiet, config.workspace.timezone),
        settings.unconfirmed_after,
        tuple(c for c in conditions if c.step == REVIEW),
        compile_limits(config, catalogue),
    )


def compile_limits(config: Config, catalogue: Catalogue) -> PopulationLimits:
    """Return the limits on everybody of a workspace over a catalogue.

    Raises
    ------
    ConfigError
        A limit is about a channel, action or tag the catalogue does not have, is said twice, or cannot be kept; all
        problems at once, each with its line.
    """
    settings = config.guardrails
    problems = [
        _problem(config, keys, message)
        for keys, message in _unknown(settings, catalogue)
        if keys[0] in LIMITS
    ]
    problems += [
        _problem(config, keys, message) for keys, message in shares_that_cannot_be(settings, catalogue)
    ]
    limits: dict[str, PopulationLimit] = {}
    for keys, limit in _limits(settings):
        if limit.title in limits:
            problems.append(_problem(config, keys, f"{limit.title} is said twice; remove one"))
        limits[limit.title] = limit
    for action in catalogue.actions.values():
        if action.stock:
            limit = PopulationLimit(STOCK, float(action.stock), None, "action", action.id)
            limits[limit.title] = limit
            if not catalogue.allow_nothing:
                said = f"stock of {action.id}: {CONTACTS_EVERYBODY}"
                problems.append(config.problem(said, "catalogue", "allow_nothing"))
    if problems:
        raise ConfigError(problems)
    return PopulationLimits(tuple(limits.values()), catalogue, settings.live_share)


def _limits(settings: Settings) -> Iterator[tuple[Keys, PopulationLimit]]:
    for i, money in enumerate(settings.budget):
        yield (BUDGET, i), PopulationLimit(BUDGET, money.amount, money.window, *(money.subject or ("", "")))
    for i, room in enumerate(settings.capacity):
        limit = PopulationLimit(CAPACITY, float(room.limit), room.window, *(room.subject or ("", "")))
        yield (CAPACITY, i), limit
    for key, shares in ((LEAST_SHARE, settings.min_share), (MOST_SHARE, settings.max_share)):
        for i, part in enumerate(shares):
            yield (key, i), PopulationLimit(key, part.share, None, *(part.subject or ("", "")))


def _problem(config: Config, keys: Keys, message: str) -> Problem:
    where = ".".join(str(key) for key in keys if isinstance(key, str))
    return config.problem(f"[guardrails] {where}: {message}", "guardrails", *keys)


def _contact_rules(settings: Settings, catalogue: Catalogue) -> Iterator[ContactRule]:
    """Caps first, then gaps, in the order of the file; the same action means each action by itself."""
    for cap in settings.max_contacts:
        yield ContactRule(CAP, cap.limit, cap.window, *(cap.subject or ("", "")))
    gap = settings.min_gap
    if gap.same_action is not None:
        for action_id in catalogue.actions:
            yield ContactRule(GAP, 1, gap.same_action, "action", action_id)
    for tag, window in gap.tags.items():
        yield ContactRule(GAP, 1, window, "tag", tag)
    for channel, window in gap.channels.items():
        yield ContactRule(GAP, 1, window, "channel", channel)


def _conditions(settings: Settings) -> Iterator[tuple[Keys, Condition, str]]:
    for channel, text in settings.reach.items():
        reason = f"cannot be reached by {channel}: {text}"
        yield ("reach", channel), Condition(REACH, [], "channel", channel, removes=False, reason=reason), text
    for index, entry in enumerate(settings.suppress):
        subject, name = entry.subject or ("", "")
        found = Condition(SUPPRESSED, [], subject, name, removes=True, reason=f"{entry.reason}: {entry.when}")
        yield ("suppress", index, "when"), found, entry.when
    for index, rule in enumerate(settings.review):
        yield (
            ("review", index, "when"),
            Condition(REVIEW, [], removes=True, reason=f"{rule.reason}: {rule.when}"),
            rule.when,
        )


def _compiled(condition: Condition, text: str, names: Mapping[str, Kind]) -> Condition:
    tree = compile_expression(text, names)
    return Condition(
        condition.step, tree, condition.subject, condition.name, condition.removes, condition.reason
    )


def _at(config: Config, keys: Keys, problem: Problem) -> Problem:
    return _problem(config, keys, problem.message)


def _unknown(settings: Settings, catalogue: Catalogue) -> Iterator[tuple[Keys, str]]:
    """Names the catalogue does not have: a rule about them would hold for nothing, and nobody would notice."""
    known: dict[str, Sequence[str]] = {
        "channel": single_channels([offer.channel for offer in catalogue.offers]),
        "action": sorted(catalogue.actions),
        "tag": sorted({tag for action in catalogue.actions.values() for tag in action.tags}),
    }
    said: list[tuple[Keys, str, str]] = []
    for key in ("max_contacts", "suppress", *LIMITS):
        entries: Sequence[About] = getattr(settings, key)
        said += [((key, i, e.subject[0]), *e.subject) for i, e in enumerate(entries) if e.subject is not None]
    said += [(("min_gap", "tags", tag), "tag", tag) for tag in settings.min_gap.tags]
    said += [(("min_gap", "channels", name), "channel", name) for name in settings.min_gap.channels]
    said += [(("reach", name), "channel", name) for name in settings.reach]
    said += [(("require_consent",), "channel", name) for name in settings.require_consent]
    for index, rule in enumerate(settings.quiet_hours):
        said += [(("quiet_hours", index, "channels"), "channel", name) for name in rule.channels]
    for keys, subject, name in said:
        if name not in known[subject]:
            hint = (
                did_you_mean(name, known[subject]) or f"; known are {', '.join(known[subject]) or '(none)'}"
            )
            yield keys, f'no action of the catalogue has the {subject} "{name}"{hint}'
