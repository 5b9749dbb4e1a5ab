"""What each feature is, in one plain line, and its value as people read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbatool.base.clock import DAY_S, format_duration, format_time
from nbatool.features.customer import CustomerFeatures, FeatureSet
from nbatool.features.kinds import Feature
from nbatool.features.pairs import DIMENSIONS, PairPlan
from nbatool.features.plan import FeaturePlan

PAIR_WINDOWS = ("short", "long")
"""What the two windows of pair features are called in their names."""

DECIMALS = {
    "count": 0, "distinct": 0, "streak": 0, "recency": 1, "tenure": 1, "gap": 1, "share": 2, "rate": 2, "sum": 2,
    "mean": 2, "max": 2, "spread": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """A feature's name, its kind, and what it says.

    ``attribute`` kinds are what is known about the customer beside events, ``pair`` kinds are kept for each action,
    tag or channel; expressions may use all others.
    """

    name: str
    kind: str
    meaning: str


def meanings(features: FeatureSet) -> tuple[Meaning, ...]:
    """Describe everything known at a moment: the plan's features, attributes, pair features."""
    return (
        *(Meaning(f.name, f.kind, f.meaning or _plainly(f)) for f in features.plan.features),
        *(Meaning(a.name, "attribute", f"{a.name} of the customer ({a.type})") for a in features.attributes),
        *_pair_meanings(features.pairs),
    )


def _plainly(f: Feature) -> str:
    """What a feature somebody configured says, from its parts."""
    types = " or ".join(f.series.types) or "any event"
    where = "".join(f" with {field} {value}" for field, value in f.series.where)
    window = f" in {format_duration(f.within_s)}" if f.within_s else ""
    of_field = f" of {f.field}" if f.field and f.kind != "sequence" else ""
    return f"{f.kind}{of_field} over {types}{where}{window}"


def _pair_meanings(pairs: PairPlan) -> Iterator[Meaning]:
    short, long = format_duration(pairs.short_s), format_duration(pairs.long_s)
    for dimension in DIMENSIONS:
        said = {"action": "this action", "tag": "actions with its tags", "channel": "this channel"}[dimension]
        words = (
            f"contacts with {said} in {short}", f"contacts with {said} in {long}",
            f"days since the last contact with {said}", f"reactions to {said} in {long}",
            f"conversions of {said} in {long}",
        )  # fmt: skip
        for name, text in zip(pairs.names(dimension, PAIR_WINDOWS), words, strict=True):
            yield Meaning(name, f"pair ({dimension})", text)


def value_text(plan: FeaturePlan, feature: Feature, value: float) -> str:
    """Return a feature's value as people read it; codes of event types become their names.

    >>> from nbatool.features.aggregates import Series
    >>> plan = FeaturePlan((), ("buy", "see"))
    >>> value_text(plan, Feature("n", "count", Series()), 3.0), value_text(plan, Feature("s", "transition", Series()), 1.0)
    ('3', 'buy, then see')
    """
    if value != value:
        return "unknown"
    if feature.kind == "sequence":
        return _type_name(plan, int(value))
    if feature.kind == "transition":
        before, newest = divmod(int(value), max(len(plan.types), 1))
        return f"{_type_name(plan, before)}, then {_type_name(plan, newest)}"
    return f"{value + 0.0:,.{DECIMALS.get(feature.kind, 2)}f}"


def _type_name(plan: FeaturePlan, code: int) -> str:
    return plan.types[code] if 0 <= code < len(plan.types) else "another event"


def attribute_text(kind: str, value: float | str | None) -> str:
    """Return an attribute's value as people read it.

    >>> attribute_text("time", 0.0), attribute_text("boolean", 1.0), attribute_text("number", 41.0)
    ('1970-01-01', 'yes', '41')
    """
    if value is None or value != value:
        return "unknown"
    if isinstance(value, str):
        return value
    if kind == "boolean":
        return "yes" if value else "no"
    if kind == "time":
        text = format_time(int(value))
        return text[:10] if int(value) % (DAY_S * 1_000_000) == 0 else text
    return f"{value:,.10g}"


def values_of(features: FeatureSet, customers: CustomerFeatures, row: int) -> dict[str, tuple[Any, str]]:
    """Return each feature's and attribute's value of one customer, plain (None for null) and as people read it."""
    found: dict[str, tuple[Any, str]] = {}
    for j, feature in enumerate(features.plan.features):
        number = float(customers.numbers[row, j])
        found[feature.name] = _plain(number), value_text(features.plan, feature, number)
    for attribute in features.attributes:
        raw = customers.attributes[attribute.name][row]
        value = raw if raw is None or isinstance(raw, str) else float(raw)
        found[attribute.name] = _plain(value), attribute_text(attribute.type, value)
    return found


def pair_values(
    features: FeatureSet, customers: CustomerFeatures, row: int
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the pair features of one customer: dimension → key → name → value (None for null)."""
    pairs = features.pairs
    keys = {"action": pairs.actions, "tag": pairs.tags, "channel": pairs.channels}
    return {
        dimension: {
            key: {
                name: _plain(float(value))
                for name, value in zip(pairs.names(dimension, PAIR_WINDOWS), values, strict=True)
            }
            for key, values in zip(keys[dimension], getattr(customers.pairs, dimension)[row], strict=True)
        }
        for dimension in DIMENSIONS
    }


def _plain(value: Any) -> Any:
    return None if value is None or value != value else value
