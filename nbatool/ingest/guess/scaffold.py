"""The nba.toml that `init` writes without files: short, commented, and meant to be filled in."""

from __future__ import annotations

SCAFFOLD = """\
# A workspace of nbatool. Fill in your files, then:
#   nbatool ingest --dry-run     shows five mapped rows of each source
#   nbatool ingest && nbatool train && nbatool score
# With files at hand, `nbatool init DIR --from FILE...` writes this for you.

[workspace]
currency = "USD"
timezone = "UTC"                  # the zone of dates and days
as_of = "now"                     # "newest" for old data: just after the newest record

# Files of events: who, when, what, how much. Paths are relative to this file.
# [[source]]
# name = "orders"
# kind = "events"
# files = ["orders.csv"]
# [source.map]                    # canonical column = SQL expression over one row
# customer_id = "customer_id"
# ts = "strptime(order_date, '%Y-%m-%d')"
# type = "'purchase'"             # the same text for every row
# value = "amount::decimal(18,4)"

# A file of customers, one row each (optional).
# [[source]]
# name = "customers"
# kind = "customers"
# files = ["customers.csv"]
# [source.map]
# customer_id = "customer_id"
# attributes = ["age", "city"]

# What event types mean: purchase, contact (we acted), engage, convert, unsubscribe.
# [roles]
# purchase = ["purchase"]

# What a good result is.
# [[objective]]
# name = "spend"
# event = "purchase"
# measure = "sum"
# within = "30d"

# What to predict.
# [[target]]
# name = "purchase_30d"
# event = "purchase"
# within = "30d"

# What can be done for a customer.
# [[action]]
# id = "ten_percent_off"
# channels = ["email"]
# cost = 0.10                     # per contact
# target = "purchase_30d"         # while no contact was ever logged:
# value_per_response = 12.0       # what a response is worth
"""
