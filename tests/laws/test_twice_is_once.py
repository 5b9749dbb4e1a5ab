"""Laws 6 and 8 of ingest: twice is once, and neither the order of rows, files nor threads matters."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from small_shop import EVENT, Shop, source

EVENTS = source("*.ndjson", **EVENT, value="x")
OWN_IDS = source("*.ndjson", **EVENT, value="x", event_id="key")
CUSTOMERS = source("*.ndjson", kind="customers", customer_id="id", ts="ts", **{"attributes.x": "x"})

STORED = {
    "events": "select source_id, event_id, ts, type, value from events order by all",
    "customers": "select source_id, valid_from, attributes from customers order by all",
}

rows = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", ""]),
        "ts": st.sampled_from(["2020-01-01", "2020-01-02T03:04:05+01:00", "bad"]),
        "type": st.sampled_from(["view", "buy"]),
        "x": st.sampled_from([None, "1.5", "2"]),
        "key": st.sampled_from(["k1", "k2", "k3"]),
    }
)
files = st.lists(st.lists(rows, min_size=1, max_size=6), min_size=1, max_size=4)


class Folder:
    """A workspace that takes files one load at a time."""

    def __init__(self, place: str, config: str) -> None:
        self.shop = Shop(Path(place))
        self.workspace = self.shop.configure(config)
        self.n = 0

    def ingest(self, *contents, name=None):
        paths = []
        for content in contents:
            lines = "".join(json.dumps(row) + "\n" for row in content)
            paths.append(str(self.shop.write(name or f"in{self.n}.ndjson", lines)))
            self.n += 1
        report = self.shop.load(self.workspace, files=paths, source="shop", max_rejects="100%")
        totals = report.totals
        assert totals.rows == totals.accepted + totals.duplicate + totals.rejected
        assert totals.rows == sum(map(len, contents))
        return totals

    def stored(self, kind="events"):
        return self.shop.rows(STORED[kind])


def outcome(config, loads, kind="events"):
    """Return what is stored after some loads, each of some files."""
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(place, config)
        for contents in loads:
            folder.ingest(*contents)
        return folder.stored(kind)


@settings(max_examples=12)
@given(files=files, order=st.randoms(use_true_random=False), own_ids=st.booleans())
def test_order_repetition_and_grouping_of_files_change_nothing(files, order, own_ids):
    config = OWN_IDS if own_ids else EVENTS
    once = outcome(config, [files])
    shuffled = [order.sample(content, len(content)) for content in files]
    order.shuffle(shuffled)
    again = [*shuffled, *order.sample(shuffled, order.randint(0, len(shuffled)))]
    assert outcome(config, [[content] for content in again]) == once


@settings(max_examples=8)
@given(content=st.lists(rows, min_size=1, max_size=12), order=st.randoms(use_true_random=False))
def test_row_order_changes_no_customer(content, order):
    shuffled = order.sample(content, len(content))
    assert outcome(CUSTOMERS, [[content]], "customers") == outcome(CUSTOMERS, [[shuffled]], "customers")


@settings(max_examples=8)
@given(content=st.lists(rows, min_size=1, max_size=12), cut=st.integers(1, 11))
def test_a_grown_file_adds_only_what_is_new(content, cut):
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(place, EVENTS)
        first = folder.ingest(content[:cut], name="grown.ndjson")
        second = folder.ingest(content, name="grown.ndjson")
        if len(content) > cut:
            assert second.duplicate == first.accepted
            assert second.duplicate_of_other_file == 0
        stored = folder.stored()
    assert stored == outcome(EVENTS, [[content]])


@settings(max_examples=8)
@given(content=st.lists(rows, min_size=1, max_size=8))
def test_the_second_time_everything_is_a_duplicate(content):
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(place, EVENTS)
        first = folder.ingest(content, name="a.ndjson")
        before = folder.stored()
        second = folder.ingest(content, name="a.ndjson")
        other = folder.ingest(content, name="b.ndjson")
        assert (second.accepted, second.duplicate) == (0, first.accepted)
        assert (other.duplicate, other.duplicate_of_other_file) == (first.accepted, first.accepted)
        assert folder.stored() == before


def test_equal_rows_of_one_file_are_kept_each():
    row = {"id": "a", "ts": "2020-01-01", "type": "buy", "x": "1", "key": "k"}
    assert len(outcome(EVENTS, [[[row, row, row]]])) == 3
    assert len(outcome(EVENTS, [[[row, row]], [[row, row, row]]])) == 3
    assert len(outcome(OWN_IDS, [[[row, row]]])) == 1


def test_threads_change_nothing():
    content = [
        {
            "id": f"c{k % 700}",
            "ts": f"2020-01-{k % 28 + 1:02d}",
            "type": "buy",
            "x": f"{k % 13}.5",
            "key": "k",
        }
        for k in range(60_000)
    ]
    assert outcome(EVENTS, [[content]]) == outcome(EVENTS, [[content[::-1]]])


def test_a_newer_customer_file_replaces():
    old = [{"id": "a", "ts": "2020-01-01", "x": "1"}, {"id": "b", "ts": "2020-01-01", "x": "1"}]
    new = [{"id": "a", "ts": "2020-01-01", "x": "2"}]
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(place, CUSTOMERS)
        folder.ingest(old)
        counts = folder.ingest(new)
        assert (counts.accepted, counts.replaced) == (1, 1)
        assert [row[2] for row in folder.stored("customers")] == ['{"x":"2"}', '{"x":"1"}']


DECISIONS = source(
    "*.ndjson", kind="decisions", ts="ts", action_id="type", decision_id="key", customer_id="id", probability="p",
    candidates="among", **{"outcome.x": "x"},
)  # fmt: skip
CONSENT = source(
    "*.ndjson", kind="consent", customer_id="id", channel="key", ts="ts", state="type", purpose="x"
)
OUTCOMES = source("*.ndjson", kind="outcomes", decision_id="key", value="x", ts="ts", outcome_id="id")
STORED |= {
    "decisions": "select d.* exclude (batch_id), o.* exclude (batch_id) from decisions as d "
    "left join outcomes as o using (decision_id) order by all",
    "outcomes": "select * exclude (batch_id) from outcomes order by all",
    "consent": "select * exclude (batch_id) from consent order by all",
}
logged = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", ""]),
        "ts": st.sampled_from(["2020-01-01", "2020-01-02T03:04:05+01:00", "bad"]),
        "type": st.sampled_from(["tea", "gift", "nothing"]),
        "key": st.sampled_from(["k1", "k2"]),
        "p": st.sampled_from([None, 0.5, 0.25, 0]),
        "among": st.sampled_from([None, '{"tea":0.5,"gift":0.5}', '["tea"]', '["tea","tea"]']),
        "x": st.sampled_from([None, "1.5", "-2", "nan"]),
    }
)


@settings(max_examples=16)
@given(
    files=st.lists(st.lists(logged, min_size=1, max_size=6), min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
    kind=st.sampled_from(["decisions", "outcomes"]),
)
def test_the_decision_log_does_not_hang_on_order_or_repetition(files, order, kind):
    config = DECISIONS if kind == "decisions" else OUTCOMES
    once = outcome(config, [files], kind)
    shuffled = [order.sample(content, len(content)) for content in files]
    order.shuffle(shuffled)
    again = [*shuffled, *order.sample(shuffled, order.randint(0, len(shuffled)))]
    assert outcome(config, [[content] for content in again], kind) == once


told = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", ""]),
        "ts": st.sampled_from(["2020-01-01", "2020-01-02T03:04:05+01:00", "bad"]),
        "type": st.sampled_from(["in", "out", "perhaps"]),
        "key": st.sampled_from(["email", "*"]),
        "x": st.sampled_from([None, "news"]),
    }
)


@settings(max_examples=12)
@given(
    files=st.lists(st.lists(told, min_size=1, max_size=6), min_size=1, max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_consent_does_not_hang_on_order_or_repetition(files, order):
    once = outcome(CONSENT, [files], "consent")
    shuffled = [order.sample(content, len(content)) for content in files]
    order.shuffle(shuffled)
    again = [*shuffled, *order.sample(shuffled, order.randint(0, len(shuffled)))]
    assert outcome(CONSENT, [[content] for content in again], "consent") == once
