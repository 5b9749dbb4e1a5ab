"""A made-up shop of which a decision log is known, with the chances it was made with and what everything is worth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from calls import call
from numpy.typing import NDArray

N, CUSTOMERS, DAYS = 4_000, 800, 60
TRAINED_AT = "2026-01-20"
COST = 0.5
ACTIONS = ("banner", "coupon", "nothing")
CHANCES = np.array([[0.5, 0.2, 0.3], [0.25, 0.45, 0.3]])
"""Of each action, by size."""
WORTH = np.array([[4.0, 1.5, 2.0], [1.0, 5.0, 2.0]])
"""Mean outcome of each action in currency, by size."""
NET = WORTH - np.array([COST, COST, 0.0])
"""The same less what it costs."""
PEOPLE = """
[workspace]
currency = "EUR"
as_of = "newest"
[[source]]
name = "people"
kind = "customers"
files = ["people.csv"]
[source.map]
customer_id = "id"
attributes.size = "size::double"
"""
"""The begin of the nba.toml of a shop with a decision log; what else is mapped follows, here as below."""
LOG = """
[[source]]
name = "log"
kind = "decisions"
files = ["log.csv"]
[source.map]
decision_id = "d"
customer_id = "id"
ts = "ts"
action_id = "action"
probability = "p::double"
outcome.order = "value::decimal(18,4)"
"""
OFFERS = f"""
[[objective]]
name = "order"
within = "7d"
[[action]]
id = "banner"
channels = ["web"]
cost = {COST}
[[action]]
id = "coupon"
channels = ["web"]
cost = {COST}
"""
TOML = f"""{PEOPLE}attributes.town = "town"
{LOG}channel = "channel"
candidates = "among"
policy = "'by size'"
{OFFERS}
[exploration]
method = "inverse_gap"
share = 0.2
min_probability = 0.01
max_loss = 100
[experiment]
name = "spring"
control = 0.2
component_arms = 0.3
"""


def sizes(customers: int = CUSTOMERS) -> NDArray[np.int64]:
    """The size of each customer, 0 or 1."""
    return (np.arange(customers) % 5 < 2).astype(np.int64)


def write_shop(root: Path, *, n: int = N, seed: int = 0) -> Path:
    """Write the workspace: customers, a log of n decisions, nba.toml."""
    root.mkdir(parents=True, exist_ok=True)
    random, size = np.random.default_rng(seed), sizes()
    who, minute = random.integers(CUSTOMERS, size=n), np.sort(random.integers(DAYS * 1440, size=n))
    action = (random.random(n)[:, None] > np.cumsum(CHANCES[size[who]], axis=1)).sum(axis=1)
    value = WORTH[size[who], action] + random.uniform(-1, 1, n)
    among = [
        json.dumps([
            {"action_id": a, "probability": p} | ({} if a == "nothing" else {"channel": "web"})
            for a, p in zip(ACTIONS, CHANCES[k].tolist(), strict=True)
        ])
        for k in (0, 1)
    ]  # fmt: skip
    towns = ("north", "south")
    (root / "nba.toml").write_text(TOML)
    (root / "people.csv").write_text(
        "id,size,town\n" + "".join(f"c{i:04d},{size[i]},{towns[i % 2]}\n" for i in range(CUSTOMERS))
    )
    at = np.datetime64("2026-01-01T00:00:00") + minute.astype("timedelta64[m]")
    (root / "log.csv").write_text(
        "d;id;ts;action;channel;p;among;value\n"
        + "".join(
            f"d{i};c{who[i]:04d};{at[i]};{ACTIONS[action[i]]};{'' if action[i] == 2 else 'web'};"
            f"{CHANCES[size[who[i]], action[i]]};{among[size[who[i]]]};{value[i]:.4f}\n"
            for i in range(n)
        )
    )
    toml = (
        (root / "nba.toml").read_text().replace('files = ["log.csv"]', 'files = ["log.csv"]\ndelimiter = ";"')
    )
    (root / "nba.toml").write_text(toml)
    return root


def logged_shop(root: Path) -> Path:
    """Write it, load it, train on its first days, and score everybody."""
    write_shop(root)
    call(root, "ingest", "-q")
    call(root, "train", "-q", "--as-of", TRAINED_AT)
    call(root, "score", "-q")
    return root
