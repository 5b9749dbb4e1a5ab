"""What guardrails mean, read plainly: one customer and one offer at a time, slowly, with the standard library only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fmod, isnan
from typing import Any
from zoneinfo import ZoneInfo

from guardrail_worlds import Person, World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def holds(text: str, person: Person, channel: str, action: Any, page: Any) -> bool:
    """Whether a condition is true; what is not known makes it untrue."""
    age, visits, city, clv = person.age, person.visits, person.city, person.clv
    return {
        "age >= 18": lambda: age is not None and age >= 18,
        "visits / age > 1": lambda: age is not None and visits is not None and age != 0 and visits / age > 1,
        "city = 'Bonn'": lambda: city == "Bonn",
        "clv > 50": lambda: not isnan(clv) and clv > 50,
        "city is null or age < 60": lambda: city is None or (age is not None and age < 60),
        "context.page = 'help'": lambda: page == "help",
        "action.cost > 2": lambda: action.cost > 2,
        "action.channel <> 'sms' and clv > 5": lambda: channel != "sms" and not isnan(clv) and clv > 5,
        "not (age > 40)": lambda: age is not None and not age > 40,
        "visits % 2 = 0": lambda: visits is not None and fmod(visits, 2) == 0,
    }[text]()


def is_about(entry: Any, action_id: str | None, channel: str | None, tags: Any) -> bool:
    """Whether an entry of nba.toml, or a suppression as a mapping, speaks of a contact: every part it names fits."""
    parts = channel.split("+") if channel is not None else []
    fits = {"channel": lambda v: v in parts, "action": lambda v: v == action_id, "tag": lambda v: v in tags}
    return all(fits[key](entry[key]) for key in fits if entry.get(key) is not None)


def count(person: Person, window: str, entry: Any) -> int:
    window_us = int(window[:-1]) * 3_600_000_000
    return sum(
        at_us > person.as_of_us - window_us and is_about(entry, kind.action_id, kind.channel, kind.tags)
        for at_us, kind in person.past
    )


def second_of_day(text: str) -> int:
    return int(text[:2]) * 3600 + int(text[3:]) * 60


def is_quiet(world: World, person: Person, channel: str, at_us: int) -> bool:
    zone = ZoneInfo(person.zone or world.zone)
    local = (EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    now = local.hour * 3600 + local.minute * 60 + local.second
    return in_quiet(world, channel, now)


def in_quiet(world: World, channel: str, second: int) -> bool:
    for rule in world.settings["quiet_hours"]:
        if rule["channels"] and not set(rule["channels"]) & set(channel.split("+")):
            continue
        start, end = second_of_day(rule["start"]), second_of_day(rule["end"])
        if (start <= second < end) if start < end else (second >= start or second < end):
            return True
    return False


def never_goes_out(world: World, channel: str) -> bool:
    return all(in_quiet(world, channel, second) for second in range(0, 86_400, 1800))


def removed_by(world: World, person: Person, j: int) -> str:
    """Return the first step that removes an offer; "" where none does."""
    return next((step for step, removes in steps(world, person, j) if removes()), "")


def steps(world: World, person: Person, j: int) -> list[tuple[str, Any]]:
    offer, settings, at = world.offers[j], world.settings, person.as_of_us
    action, channel, wishes = offer.action, offer.channel, world.wishes
    page = (wishes.context or {}).get("page")  # type: ignore[union-attr]
    parts = channel.split("+")

    def true(text: str) -> bool:
        return holds(text, person, channel, action, page)

    def mine(entry: Any) -> bool:
        return is_about(entry, action.id, channel, action.tags)

    gap = settings["min_gap"]
    gaps = [({"action": action.id}, gap["same_action"])] if "same_action" in gap else []
    gaps += [({"tag": tag}, window) for tag, window in gap["tags"].items()]
    gaps += [({"channel": name}, window) for name, window in gap["channels"].items()]
    named = [
        {"action": s.action, "tag": s.tag, "channel": s.channel}
        for s in world.suppressions
        if s.customer_id in (None, person.id)
    ]
    return [
        ("dates", lambda: (action.starts_us is not None and at < action.starts_us) or (action.ends_us is not None and at >= action.ends_us)),
        ("stock", lambda: action.stock == 0),
        ("channel", lambda: (wishes.actions is not None and action.id not in wishes.actions) or (wishes.channel is not None and wishes.channel not in parts)),
        ("reach", lambda: any(name in parts and not true(text) for name, text in settings["reach"].items())),
        ("consent", lambda: any(person.consent.get(p, -1) == 0 or (p in settings.get("require_consent", ()) and person.consent.get(p) != 1) for p in parts)),
        ("eligible", lambda: action.eligible_when is not None and not true(action.eligible_when)),
        ("applicable", lambda: action.applicable_when is not None and not true(action.applicable_when)),
        ("suppressed", lambda: any(map(mine, named)) or any(mine(e) and true(e["when"]) for e in settings["suppress"])),
        ("cap", lambda: any(mine(e) and count(person, e["window"], e) >= e["limit"] for e in settings["max_contacts"])),
        ("gap", lambda: any(mine(entry) and count(person, window, entry) >= 1 for entry, window in gaps)),
        ("quiet", lambda: is_quiet(world, person, channel, at) if world.live else never_goes_out(world, channel)),
        ("limit", lambda: world.full is not None and world.full[j] > 0),
        ("review", lambda: world.live and any(true(e["when"]) for e in settings["review"])),
    ]  # fmt: skip


def goes_out_us(world: World, person: Person, channel: str) -> int:
    """Return the first moment, to the second, that is not quiet; the night waits for it."""
    at = person.as_of_us
    if not is_quiet(world, person, channel, at):
        return at
    # Quiet hours end on a full half hour of some zone, or where the clocks change: on a quarter of an hour.
    quarter = 900_000_000
    at = (at // quarter + 1) * quarter
    while is_quiet(world, person, channel, at):
        at += quarter
    return at
