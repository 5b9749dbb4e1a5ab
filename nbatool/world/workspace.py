"""The catalogue and the nba.toml that go with a made-up shop's files."""

from __future__ import annotations

import json

from nbatool.world.actions import ACTIONS

SHOP = """\
[workspace]
currency = "USD"
timezone = "UTC"
as_of = "newest"

[[source]]
name = "events"
kind = "events"
files = {files}
[source.map]
event_id = "event_id"
customer_id = "customer_id"
ts = "ts"
type = "type"
value = "value"
action_id = "action_id"
channel = "channel"
"""
"""How the nba.toml of every made-up shop begins; what only some shops know of events follows."""
ROLES = """\
[roles]
purchase = ["purchase"]
contact = ["message_sent"]
engage = ["message_opened"]
convert = ["offer_redeemed"]
"""
NBA_TOML = f"""\
# A made-up shop. The files beside this one were written by nbatool.world; README.md says what they hold.

{SHOP}attributes.category = "category"
attributes.on_sale = "on_sale"

[[source]]
name = "customers"
kind = "customers"
files = ["{{customers}}"]
[source.map]
customer_id = "customer_id"
ts = "signed_up"
timezone = "timezone"
attributes.signed_up = "signed_up::timestamp"
attributes.region = "region"
attributes.age = "age::int"
attributes.household_size = "household_size::int"
attributes.tier = "tier"
attributes.newsletter = "newsletter"
attributes.favourite = "favourite"

{ROLES}unsubscribe = ["unsubscribe"]

[[objective]]
name = "spend"
event = "purchase"
measure = "sum"
within = "30d"

[[target]]
name = "purchase_30d"
event = "purchase"
within = "30d"

[[target]]
name = "churn_90d"
event = "purchase"
within = "90d"
happens = false

[clv]
horizon = "365d"
discount_per_year = 0.10
margin = 1.0
grain = "1d"

[catalogue]
file = "catalogue.json"
[catalogue.map]
id = "id"
name = "name"
channels = "channels"
tags = "tags"
cost = "cost::double"
attributes.discount = "discount::double"
"""


def nba_toml(*, events: str, late: str, customers: str) -> str:
    """Return the configuration for files beside it."""
    return NBA_TOML.format(files=json.dumps([events, late]), customers=customers)


def catalogue_json() -> str:
    """Return the catalogue as a JSON list, one action a line."""
    rows = [
        json.dumps(
            {
                "id": action.id,
                "name": action.name,
                "channels": action.channels,
                "tags": action.tags,
                "cost": action.cost,
                "discount": action.discount,
            }
        )
        for action in ACTIONS
    ]
    return "[\n  " + ",\n  ".join(rows) + "\n]\n"
