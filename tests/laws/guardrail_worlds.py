"""Random catalogues, guardrails and customers: what a decision is made from, plainly, and as the code reads it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from nbatool.base.clock import DAY_US, US_PER_S
from nbatool.base.expressions import Kind, Tree, compile_expression
from nbatool.base.guardrail_settings import Guardrails as Settings
from nbatool.base.records import Action
from nbatool.decide import compile_guardrails as compiling
from nbatool.decide.arms import NO_EXPERIMENT, ArmShares
from nbatool.decide.catalogue import ALL_CHANNELS, Catalogue, Offer, channels_offered
from nbatool.decide.contact_rules import PastContacts
from nbatool.decide.contradictions import caps_that_stop_everything
from nbatool.decide.decision import Decision, Wishes
from nbatool.decide.expected import Expected
from nbatool.decide.exploration_terms import ExplorationTerms
from nbatool.decide.funnel import Funnel
from nbatool.decide.guardrails import Circumstances, Guardrails
from nbatool.decide.policy import Foreseen, Policy
from nbatool.decide.selection import Practice
from nbatool.decide.subjects import Subjects
from nbatool.decide.suppressed import suppressed_offers
from nbatool.features.customer import CustomerFeatures
from nbatool.store.contact import ContactKind
from nbatool.store.suppressions import Suppression

HOUR_US = 3600 * US_PER_S
PLAN: Any = SimpleNamespace(names=("age", "visits"))
KINDS: dict[str, Kind] = {
    "age": "number", "visits": "number", "city": "text", "clv": "number",
    "action.cost": "number", "action.channel": "text", "action.id": "text",
}  # fmt: skip
CONDITIONS = (
    "age >= 18", "visits / age > 1", "city = 'Bonn'", "clv > 50", "city is null or age < 60", "context.page = 'help'",
    "action.cost > 2", "action.channel <> 'sms' and clv > 5", "not (age > 40)", "visits % 2 = 0",
)  # fmt: skip
"""What may be asked; `guardrail_twin.holds` reads each in plain words."""
ZONES = (None, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
MOMENTS = (1_521_939_600, 1_522_026_000, 1_540_688_400, 1_541_311_200, 1_535_234_400)
"""Around changes of the clocks in Berlin, New York and Lord Howe, and in summer; seconds since 1970."""


@lru_cache(maxsize=256)
def tree_of(text: str) -> Tree:
    return compile_expression(text, KINDS)


@dataclass(frozen=True)
class Person:
    """One customer at one moment.

    Parameters
    ----------
    consent
        Channel → 1 agreed, 0 opted out; missing: nothing said.
    past
        (µs since 1970, what it was) of the contacts that count.
    """

    id: str
    as_of_us: int
    age: float | None
    visits: float | None
    city: str | None
    clv: float
    zone: str | None
    consent: dict[str, int]
    past: list[tuple[int, ContactKind]]
    expected: list[float]
    conversion: list[float]


@dataclass(frozen=True)
class World:
    """A workspace and who is decided for."""

    actions: tuple[Action, ...]
    every_channel: bool
    allow_nothing: bool
    settings: dict[str, Any]
    zone: str
    people: list[Person]
    suppressions: list[Suppression]
    live: bool
    full: list[int] | None
    charge: list[float] | None
    wishes: Wishes
    practice: Practice
    offers: tuple[Offer, ...] = field(default=())

    def policy(self) -> Policy:
        """Bind it as a night does, and read again what it published where it is live."""
        catalogue = Catalogue(self.offers, self.allow_nothing)
        config: Any = SimpleNamespace(
            guardrails=Settings.model_validate(self.settings), workspace=SimpleNamespace(timezone=self.zone)
        )
        guards = compiling.compile_guardrails(
            config, catalogue, {n: k for n, k in KINDS.items() if "." not in n}
        )
        if self.live:
            data = msgspec.json.decode(msgspec.json.encode([catalogue.to_json(), guards.to_json()]))
            catalogue = Catalogue.from_json(data[0])
            guards = Guardrails.from_json(data[1], catalogue)
        bundle: Any = SimpleNamespace(features=SimpleNamespace(plan=PLAN))
        return Policy(bundle, catalogue, self.practice, guards)


def offers_of(actions: Sequence[Action], *, every_channel: bool) -> tuple[Offer, ...]:
    """As `compile_catalogue` makes them; each condition is compiled once for all worlds."""
    return tuple(
        Offer(
            action, channel,
            tree_of(action.eligible_when) if action.eligible_when else None,
            tree_of(action.applicable_when) if action.applicable_when else None,
        )
        for action in sorted(actions, key=lambda a: a.id)
        for channel in channels_offered(action, every_channel=every_channel)
    )  # fmt: skip


def customers_of(people: Sequence[Person]) -> CustomerFeatures:
    numbers = np.array([[np.nan if v is None else v for v in (p.age, p.visits)] for p in people], np.float64)
    city = np.empty(len(people), dtype=object)
    city[:] = [p.city for p in people]
    pairs: Any = None
    return CustomerFeatures(np.array([p.as_of_us for p in people], np.int64), numbers, {"city": city}, pairs)


def circumstances_of(world: World, policy: Policy, people: Sequence[Person]) -> Circumstances:
    kinds = tuple(dict.fromkeys(kind for p in people for _, kind in p.past))
    rows = [(row, at, kinds.index(kind)) for row, p in enumerate(people) for at, kind in p.past]
    arrays = np.array(rows, np.int64).reshape(-1, 3)
    channels = policy.guardrails.channels
    return Circumstances(
        PastContacts(arrays[:, 0], arrays[:, 1], arrays[:, 2], kinds),
        np.array([[p.consent.get(c, -1) for c in channels] for p in people], np.int8).reshape(
            len(people), -1
        ),
        [p.zone for p in people],
        suppressed_offers(world.suppressions, policy.catalogue, [p.id for p in people]),
        world.suppressions,
        live=world.live,
        charge=None if world.charge is None else np.array(world.charge),
        full=None if world.full is None else np.array(world.full, np.int16),
        limits=("budget", "capacity"),
    )


def decide(world: World, policy: Policy, people: Sequence[Person]) -> Decision:
    """Decide for some of the customers, in this order."""
    told = circumstances_of(world, policy, people)
    scores = {"clv": np.array([p.clv for p in people])}
    removed = Funnel(policy.catalogue, PLAN, policy.guardrails).removed(
        customers_of(people), scores, world.wishes, told
    )
    expected = Expected(
        np.ones(len(people)),
        1.0 + np.array([p.expected for p in people]),
        np.array([p.conversion for p in people]),
    )
    subjects = Subjects([p.id for p in people], [f"d_{p.id}" for p in people])
    return policy.arbitrate(
        Foreseen(expected, removed, np.empty((len(people), 0))), subjects, None, told.charge
    )


class Maker:
    """Draws a world from one seed; hypothesis draws the seed and the sizes."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def maybe(self, chance: float) -> bool:
        return self._rng.random() < chance

    def world(self, n_actions: int, n_people: int, n_rules: int) -> World:
        rng = self._rng
        actions = tuple(self._action(f"a{i}") for i in range(n_actions))
        every_channel = self.maybe(0.3)
        offers = offers_of(actions, every_channel=every_channel)
        live = self.maybe(0.5)
        return World(
            actions, every_channel, self.maybe(0.7), self._settings(actions, offers, n_rules),
            rng.choice(ZONES[1:]) or "UTC",
            [self._person(f"c{i}", offers) for i in range(n_people)],
            [self._suppression(k, actions) for k in range(rng.choice((0, 0, 1, 2)))],
            live,
            [rng.choice((0, 0, 1, 2)) for _ in offers] if live and self.maybe(0.3) else None,
            [rng.choice((0.0, 0.25, 3.0)) for _ in offers] if self.maybe(0.4) else None,
            self._wishes(actions) if live else Wishes(),
            self._practice(),
            offers,
        )  # fmt: skip

    def _action(self, name: str) -> Action:
        rng, moment = self._rng, self._rng.choice(MOMENTS) * US_PER_S
        return Action(
            name, name, tuple(rng.sample(("email", "push", "sms"), rng.randint(1, 3))),
            tags=tuple(sorted(rng.sample(("promo", "service"), rng.randint(0, 2)))),
            cost=rng.choice((0.0, 0.5, 3.0)), cost_per_conversion=rng.choice((0.0, 0.0, 2.0)),
            lever=rng.choice((1.0, 1.0, 0.0, 2.5)),
            eligible_when=rng.choice(CONDITIONS) if self.maybe(0.25) else None,
            applicable_when=rng.choice(CONDITIONS) if self.maybe(0.2) else None,
            starts_us=moment if self.maybe(0.15) else None,
            ends_us=moment + rng.randint(0, 2) * DAY_US if self.maybe(0.15) else None,
            stock=rng.choice((0, 1, 50)) if self.maybe(0.15) else None,
        )  # fmt: skip

    def _about(self, actions: Sequence[Action], *, always: bool = False) -> dict[str, str]:
        rng, subject = self._rng, self._rng.choice(("channel", "action", "tag", "channel", "action"))
        if not always and self.maybe(0.35):
            return {}
        tags = sorted({tag for a in actions for tag in a.tags})
        if subject == "tag" and tags:
            return {"tag": rng.choice(tags)}
        action = rng.choice(actions)
        return {"action": action.id} if subject == "action" else {"channel": rng.choice(action.channels)}

    def _settings(self, actions: Sequence[Action], offers: Sequence[Offer], n_rules: int) -> dict[str, Any]:
        rng = self._rng
        made: dict[str, Any] = {
            "max_contacts": [],
            "quiet_hours": [],
            "suppress": [],
            "review": [],
            "reach": {},
        }
        gap: dict[str, Any] = {"tags": {}, "channels": {}}
        channels = sorted({c for a in actions for c in a.channels})
        for _ in range(n_rules):
            about, window = self._about(actions), f"{rng.choice((1, 20, 48, 200))}h"
            match rng.randint(0, 7):
                case 0 | 1:
                    least = 0 if about and self.maybe(0.15) else 1
                    made["max_contacts"].append({**about, "limit": rng.randint(least, 3), "window": window})
                case 2 if "tag" in about:
                    gap["tags"][about["tag"]] = window
                case 2 if "channel" in about:
                    gap["channels"][about["channel"]] = window
                case 2:
                    gap["same_action"] = window
                case 3 | 4:
                    start, end = rng.sample(range(24), 2)
                    some = rng.sample(channels, rng.randint(0, len(channels)))
                    made["quiet_hours"].append(
                        {
                            "start": f"{start:02}:{rng.choice((0, 30)):02}",
                            "end": f"{end:02}:00",
                            "channels": some,
                        }
                    )
                case 5:
                    made["require_consent"] = rng.sample(channels, rng.randint(0, len(channels)))
                    made["reach"][rng.choice(channels)] = self._of_customer()
                case 6:
                    made["suppress"].append({**about, "when": rng.choice(CONDITIONS), "reason": "because"})
                case _:
                    made["review"].append({"when": rng.choice(CONDITIONS), "reason": "look"})
        if any(caps_that_stop_everything(Settings.model_validate(made), Catalogue(tuple(offers)))):
            for cap in made["max_contacts"]:
                cap["limit"] = max(cap["limit"], 1)  # what leaves nothing at all is refused, and is no world
        return {**made, "min_gap": gap}

    def _of_customer(self) -> str:
        return self._rng.choice([c for c in CONDITIONS if "action." not in c])

    def _suppression(self, k: int, actions: Sequence[Action]) -> Suppression:
        about = self._about(actions, always=True) | (self._about(actions) if self.maybe(0.4) else {})
        who = self._rng.choice((None, "c0", "c1", "somebody"))
        return Suppression(
            k, who, about.get("action"), about.get("tag"), about.get("channel"), None, "asked", "x", 0
        )

    def _wishes(self, actions: Sequence[Action]) -> Wishes:
        rng, action = self._rng, self._rng.choice(actions)
        return Wishes(
            frozenset({action.id, rng.choice(actions).id}) if self.maybe(0.1) else None,
            rng.choice(action.channels) if self.maybe(0.1) else None,
            {"page": rng.choice(("help", "home", 3.0, None))} if self.maybe(0.5) else None,
        )

    def _practice(self) -> Practice:
        rng, share = self._rng, self._rng.choice((0.0, 0.1, 0.5, 1.0))
        terms = ExplorationTerms(
            rng.choice(("greedy", "epsilon", "inverse_gap")), share, min(rng.choice((0.0, 0.01, 0.2)), share),
            rng.choice((0.0, 1.0, float("inf"))), rng.choice((0.0, 2.0)), rng.choice((0.0, 1.0)),
        )  # fmt: skip
        arms = ArmShares(f"e{rng.randint(0, 9)}", rng.choice((0.0, 0.2)), rng.choice((0.0, 0.6)))
        return Practice(terms, arms if self.maybe(0.4) else NO_EXPERIMENT)

    def _person(self, name: str, offers: Sequence[Offer]) -> Person:
        rng = self._rng
        edges = [at for o in offers for at in (o.action.starts_us, o.action.ends_us) if at is not None]
        as_of_us = rng.choice(MOMENTS) * US_PER_S + rng.randint(-96, 96) * HOUR_US // 2
        as_of_us = (rng.choice(edges) if edges and self.maybe(0.3) else as_of_us) + rng.choice((0, 0, 1, -1))
        return Person(
            name, as_of_us, rng.choice((None, 0.0, 12.0, 40.0, 70.0)), rng.choice((None, 0.0, 3.0, 90.0)),
            rng.choice((None, "Bonn", "Köln")), rng.choice((float("nan"), 1.0, 60.0, 9000.0)), rng.choice(ZONES),
            {c: rng.choice((0, 1, 1)) for c in ("email", "push", "sms") if self.maybe(0.6)},
            [self._contact(as_of_us, offers) for _ in range(rng.choice((0, 0, 1, 2, 4)))],
            [rng.choice((-2.0, 0.0, 0.5, 1.0, rng.uniform(-3, 9))) for _ in offers],
            [rng.choice((0.0, 0.1, 0.7)) for _ in offers],
        )  # fmt: skip

    def _contact(self, as_of_us: int, offers: Sequence[Offer]) -> tuple[int, ContactKind]:
        rng, offer = self._rng, self._rng.choice(offers)
        channel = rng.choice((offer.channel, *offer.channel.split(ALL_CHANNELS), None))
        tags = rng.choice((offer.action.tags, ("promo",), ("old",)))
        edge = rng.choice((1, 20, 48, 200)) * HOUR_US
        at_us = as_of_us - rng.choice((edge, edge, edge - 1, edge + 1, rng.randint(-9, 210) * HOUR_US))
        return at_us, ContactKind(rng.choice((offer.action.id, "gone")), channel, tags)
