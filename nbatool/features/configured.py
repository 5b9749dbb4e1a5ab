"""Features the user wrote as ``[[feature]]``, turned into the plan's form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbatool.base.clock import format_duration
from nbatool.base.errors import ConfigError, Problem
from nbatool.features.aggregates import LIFETIME, Series
from nbatool.features.defaults import profile
from nbatool.features.kinds import Feature, needs_window
from nbatool.features.plan import DAYPARTS, WEEKDAYS

if TYPE_CHECKING:
    from nbatool.base.config import Config
    from nbatool.base.settings import Feature as FeatureSetting


def configured_features(config: Config) -> tuple[Feature, ...]:
    """Return the user's own features.

    Raises
    ------
    ConfigError
        A feature needs a window because the online store does not keep its aggregate for all the past.
    """
    made: list[Feature] = []
    problems: list[Problem] = []
    for setting in config.features:
        for feature in _features(setting, _series(setting, config)):
            made.append(feature)
            if needs_window(feature):
                line = config.line_of("feature", setting.name)
                message = f'[[feature]] "{setting.name}": {setting.kind} needs a window; add  within = "90d"'
                problems.append(Problem(message, str(config.path), line))
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return tuple(made)


def _series(setting: FeatureSetting, config: Config) -> Series:
    types = config.roles[setting.role] if setting.role else setting.type
    return Series(tuple(types), tuple(sorted(setting.where.items())))


def _features(setting: FeatureSetting, series: Series) -> Iterator[Feature]:
    within_s = setting.within or LIFETIME
    window = f" in {format_duration(within_s)}" if within_s else ""
    meaning = f"{setting.kind} of {', '.join(series.types) or 'all events'}{window}"
    if setting.kind == "hour_profile":
        yield from profile("daypart", DAYPARTS, setting.name, series, within_s)
    elif setting.kind == "weekday_profile":
        yield from profile("weekday", WEEKDAYS, setting.name, series, within_s)
    elif setting.kind == "sequence":
        for nth in range(1, (setting.k or 1) + 1):
            yield Feature(
                f"{setting.name}_{nth}", "sequence", series, "type", within_s, nth=nth, meaning=meaning
            )
    else:
        yield Feature(
            setting.name, setting.kind, series, _field(setting), within_s,
            other=Series() if setting.kind == "share" else None,
            other_within_s=setting.long_within or LIFETIME, meaning=meaning,
        )  # fmt: skip


def _field(setting: FeatureSetting) -> str:
    if setting.kind == "distinct":
        return setting.of or "action_id"
    if setting.kind in ("sum", "mean", "spread", "max"):
        return setting.of or "value"
    return ""
