"""Live events come into the warehouse once, each customer's for itself."""

from __future__ import annotations

from typing import Any

from nbatool.ingest.live import live_position, load_live
from nbatool.store.warehouse import open_warehouse

SECOND_US = 1_000_000
GOOD = "id,ts,type,key\nb,1970-01-01T00:00:01Z,buy,1\n"
STORED = "select source, source_id, event_id from events order by all"


def event(event_id: str, customer: str, second: int = 1) -> Any:
    return (event_id, customer, second * SECOND_US, "buy", "1.5", None, None, None, None)


def test_each_customer_numbers_its_events(shop):
    shop.write("e.csv", GOOD)
    workspace = shop.events("e.csv", event_id="key")
    with open_warehouse(workspace) as warehouse:
        assert load_live(warehouse, [event("1", "a"), event("1", "b"), event("1", "a", 2)], position=3) == 2
        assert load_live(warehouse, [event("1", "c"), event("1", "a", 3)], position=5) == 1
        assert live_position(warehouse) == 5
    live = [("@live", name, "1") for name in "abc"]
    assert shop.rows(STORED) == live
    shop.load(workspace)
    assert shop.rows(STORED) == [live[0], live[2], ("shop", "b", "1")]
    with open_warehouse(workspace) as warehouse:
        assert load_live(warehouse, [event("1", "b", 4)], position=6) == 0
