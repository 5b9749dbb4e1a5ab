"""Files of many kinds become a workspace that loads and ingests without a rejected row."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from nbatool.base.config import load_config
from nbatool.base.errors import DataError
from nbatool.ingest.guess import Guess, guess_workspace, render_report, render_toml
from nbatool.ingest.load import load
from nbatool.store.workspace import open_workspace


@pytest.fixture
def chance() -> random.Random:
    return random.Random(7)


def working(folder: Path, **files: str | bytes) -> Guess:
    """Write files, guess, write nba.toml, ingest: every row must be accepted, every doubt be one mark."""
    paths = []
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    guess = guess_workspace(paths, folder)
    text = render_toml(guess)
    (folder / "nba.toml").write_text(text)
    load_config(folder / "nba.toml")
    assert sum(line.endswith("# ?") for line in text.splitlines()) == len(guess.questions)
    assert all(len(line) <= 100 for line in render_report(guess, 100).splitlines())
    for source in load(open_workspace(folder)).sources:
        assert source.counts.accepted + source.counts.duplicate == source.counts.rows > 0, source
    return guess


def lines(guess: Guess, source: int = 0) -> dict[str, str]:
    return {line.canonical: line.expression for line in guess.sources[source].map}


def test_shop_events(tmp_path: Path, chance: random.Random) -> None:
    rows = "".join(
        f"2019-10-{1 + n // 20:02d} {n % 24:02d}:00:00 UTC,{chance.choice(['view', 'cart', 'purchase'])},"
        f"{1003461 + n % 50},{chance.choice(['samsung', ''])},{n % 90 + 0.99:.2f},{541312140 + n % 60}\n"
        for n in range(400)
    )
    guess = working(tmp_path, shop__csv="event_time,event_type,product_id,brand,price,user_id\n" + rows)
    assert lines(guess) == {
        "customer_id": "user_id",
        "ts": "replace(event_time, ' UTC', '')::timestamp",
        "type": "event_type",
        "value": "price::decimal(18,4)",
        "attributes.product_id": "product_id",
        "attributes.brand": "brand",
    }
    assert guess.roles == {"purchase": ("purchase",)}
    assert [target.name for target in guess.targets] == ["purchase_5d"]
    assert guess.questions == ()
    assert "# [[action]]" in render_toml(guess)


def test_invoices(tmp_path: Path, chance: random.Random) -> None:
    rows = []
    for n in range(150):
        sign = "-" if n % 20 == 0 else ""
        invoice = f"{'C' if sign else ''}{536365 + n}"
        customer = 17000 + n % 40 if n % 5 else ""
        rows += [
            f'{invoice},{code},"WHITE, £ 5",{sign}{code + 1},{1 + n % 12}/{1 + n % 28}/2010 8:26,2.55,{customer},UK'
            for code in range(chance.randrange(1, 6))
        ]
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    guess = working(tmp_path, retail__csv=(header + "\n".join(rows) + "\n").encode("latin-1"))
    total = "sum(Quantity::int * UnitPrice::decimal(18,4))"
    assert guess.sources[0].group_by == ("CustomerID", "InvoiceNo")
    assert lines(guess)["value"] == total
    assert lines(guess)["ts"] == "min(strptime(InvoiceDate, '%m/%d/%Y %H:%M'))"
    assert lines(guess)["customer_id"] == "coalesce(nullif(CustomerID, ''), 'guest-' || InvoiceNo)"
    assert lines(guess)["type"] == f"case when {total} < 0 then 'return' else 'purchase' end"
    assert {kind.type: kind.rows for kind in guess.types} == {"purchase": 142, "return": 8}
    assert len(guess.questions) == 4
    assert '"return" takes money back' in guess.questions[2].text
    assert "half of what the data span" in guess.questions[3].text


def test_segment(tmp_path: Path) -> None:
    rows = [
        {
            "type": "track", "event": ("Product Viewed", "Order Completed")[n % 2], "messageId": f"m{n}",
            "properties": {"revenue": 12.5} if n % 2 else {"sku": f"s{n % 3}"},
            "timestamp": f"2023-0{1 + n % 9}-01T10:00:00.000Z", **({"userId": f"u{n % 7}"} if n % 5 else {"anonymousId": "a"}),
        }
        for n in range(60)
    ]  # fmt: skip
    guess = working(tmp_path, track__ndjson="\n".join(map(json.dumps, rows)))
    assert guess.sources[0].preset == "segment"
    assert lines(guess) == {
        "customer_id": "coalesce(userId, anonymousId)",
        "ts": "timestamp::timestamptz",
        "type": "case type when 'track' then event else type end",
        "event_id": "messageId",
        "value": "(properties->>'revenue')::decimal(18,4)",
        "attributes.sku": "properties->>'sku'",
    }
    assert guess.roles == {"purchase": ("Order Completed",)}


def test_ga4_as_a_list(tmp_path: Path) -> None:
    rows = [
        {"event_timestamp": 1672531200000000 + n * 10**10, "event_name": ("page_view", "purchase")[n % 2],
         "user_pseudo_id": f"{n % 9}.1", "ecommerce": {"purchase_revenue": 9.5 + n}, "event_params": [{"key": "x"}]}
        for n in range(50)
    ]  # fmt: skip
    guess = working(tmp_path, ga4__json=json.dumps(rows))
    assert guess.sources[0].layout.format == "json"
    assert lines(guess)["ts"] == "timestamp '1970-01-01' + to_microseconds(event_timestamp::bigint)"
    assert lines(guess)["value"] == "(ecommerce->>'purchase_revenue')::decimal(18,4)"


def test_contacts_customers_and_catalogue(tmp_path: Path, chance: random.Random) -> None:
    log = ["id;customer;kind;channel;campaign_id;betrag;zeitpunkt"]
    for wave in range(5):
        for n in range(60):
            if n % 5:
                log.append(
                    f"{len(log)};K{n:04d};email sent;email;c{wave % 3};;{1 + wave * 6:02d}.03.2024 09:00"
                )
                log.append(
                    f"{len(log)};K{n:04d};email opened;email;c{wave % 3};;{1 + wave * 6:02d}.03.2024 1{n % 9}:10"
                )
            if n % 3 == 0:
                log.append(f"{len(log)};K{n:04d};order;;;{n},{50 + wave};{2 + wave * 6:02d}.03.2024 12:30")
        log.append(f"{len(log)};K{wave:04d};unsubscribed;;;;{3 + wave * 6:02d}.03.2024 13:30")
    people = ["customer;city;joined"]
    people += [f"K{n:04d};{chance.choice(['Bern', 'Basel'])};{1 + n % 28:02d}.01.2020" for n in range(60)]
    offers = [
        "campaign_id;name;channels;cost",
        "c0;Spring;email|sms;0.05",
        "c1;Summer;email;0.10",
        "c2;Autumn;sms;0.15",
    ]
    guess = working(
        tmp_path, log__csv="\n".join(log), people__csv="\n".join(people), offers__csv="\n".join(offers)
    )
    assert [(source.name, source.kind) for source in guess.sources] == [
        ("log", "events"),
        ("people", "customers"),
    ]
    assert guess.sources[1].note == "52 with events"
    assert lines(guess)["action_id"] == "campaign_id"
    assert lines(guess)["value"] == "replace(nullif(betrag, ''), ',', '.')::decimal(18,4)"
    assert lines(guess, 1)["ts"] == "strptime(joined, '%d.%m.%Y')"
    assert guess.catalogue is not None
    assert {line.canonical: line.expression for line in guess.catalogue.map} == {
        "id": "campaign_id", "name": "name", "channels": "string_split(channels, '|')", "cost": "cost::decimal(18,4)",
    }  # fmt: skip
    assert guess.catalogue.channels == ("email", "sms")
    assert guess.roles == {
        "purchase": ("order",), "contact": ("email sent",), "engage": ("email opened",), "unsubscribe": ("unsubscribed",),
    }  # fmt: skip
    assert [(goal.name, goal.within) for goal in guess.objectives] == [("spend", "6d")]


def test_customers_known_only_after_they_bought_are_always_known(tmp_path: Path) -> None:
    events = "".join(f"u{n % 20},purchase,2023-01-{1 + n % 28:02d},{n}.5\n" for n in range(100))
    people = "".join(f"u{n},2023-06-01,{20 + n}\n" for n in range(20))
    guess = working(
        tmp_path, e__csv="user_id,event,ts,amount\n" + events, p__csv="user_id,created_at,age\n" + people
    )
    assert [source.kind for source in guess.sources] == ["events", "customers"]
    assert "ts" not in lines(guess, 1)
    assert lines(guess, 1)["attributes.member_since"] == "created_at::timestamp"
    assert "20 of 20 have events before that date" in guess.sources[1].remarks[0]


def test_columns_without_telling_names_are_read_by_content(tmp_path: Path) -> None:
    rows = "".join(
        f"AX-{n % 9:04d};{('page_view', 'buy')[n % 2]};{n}.25;2022-03-{1 + n % 28:02d} 10:00:00\n"
        for n in range(90)
    )
    guess = working(tmp_path, export__csv="f1;f2;f3;f4\n" + rows)
    assert lines(guess) == {
        "customer_id": "f1", "ts": "f4::timestamp", "type": "f2", "value": "f3::decimal(18,4)",
    }  # fmt: skip
    assert guess.roles == {"purchase": ("buy",)}
    assert len(guess.questions) == 3


def test_days_since_an_unknown_start(tmp_path: Path) -> None:
    rows = "".join(f"u{n % 5},{n},purchase,{n}.5\n" for n in range(40))
    guess = working(tmp_path, log__csv="user_id,day,event,amount\n" + rows)
    assert lines(guess)["ts"] == "timestamp '2020-01-01' + to_days(day::bigint)"
    assert "day is 0 to 39, no date" in guess.questions[0].text


def test_files_of_the_same_columns_are_one_source(tmp_path: Path) -> None:
    header = "client,paid_at,amount_paid\n"
    first = header + "".join(f'{n % 9},{1700000000000 + n * 86400000},"${n:,}.50"\n' for n in range(50))
    second = header + '3,1709000000000,"$2,000.00"\n'
    guess = working(tmp_path, jan__csv=first, feb__csv=second)
    (source,) = guess.sources
    assert (len(source.files), source.rows, guess.currency) == (2, 51, "USD")
    assert 'files = ["jan.csv", "feb.csv"]' in render_toml(guess)


def test_parquet(tmp_path: Path) -> None:
    import polars as pl

    when = [f"2023-01-{1 + n:02d}T10:00:00" for n in range(20)]
    frame = pl.DataFrame({"customer_id": [n % 4 for n in range(20)], "order_id": range(20), "order_date": when,
                          "order_total": [n + 0.5 for n in range(20)]}).with_columns(pl.col("order_date").str.to_datetime())  # fmt: skip
    frame.write_parquet(tmp_path / "orders.parquet")
    guess = working(tmp_path, orders__parquet=(tmp_path / "orders.parquet").read_bytes())
    assert lines(guess) == {
        "customer_id": "customer_id", "ts": "order_date", "type": "'purchase'", "event_id": "order_id",
        "value": "order_total",
    }  # fmt: skip


def test_rows_without_ids_are_customers_and_the_report_says_what_is_missing(tmp_path: Path) -> None:
    rows = "".join(
        f"{20 + n % 50},{('a', 'b')[n % 2]},{('mail', 'none')[n % 2]},{n % 2}\n" for n in range(100)
    )
    guess = working(tmp_path, trial__csv="age,job,segment,visit\n" + rows)
    assert lines(guess) == {"customer_id": "_row", "attributes.age": "age::int", "attributes.job": "job"}
    assert "no customer id and no date" in render_report(guess, 100)
    assert '# outcome.visit = "visit::int"' in render_toml(guess)


def test_a_decision_log(tmp_path: Path) -> None:
    rows = "".join(f"2019-11-24 00:{n % 60:02d}:00+00:00,{n % 3},{n % 2},0.333\n" for n in range(60))
    items = "".join(f"{n},{n * 0.5}\n" for n in range(3))
    log = f"timestamp,item_id,click,propensity_score\n{rows}"
    guess = guess_workspace(_written(tmp_path, log=log, items=f"item_id,score\n{items}"), tmp_path)
    (source,) = guess.sources
    assert source.kind == "decisions"
    assert lines(guess)["outcome.click"] == "click::int"
    assert guess.catalogue is not None
    assert guess.catalogue.actions == 3
    (tmp_path / "nba.toml").write_text(render_toml(guess))
    assert load_config(tmp_path / "nba.toml").objectives[0].name == "click"


def _written(folder: Path, **files: str) -> list[Path]:
    paths = [folder / f"{name}.csv" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text)
    return paths


def test_order_of_files_and_rows_changes_nothing(tmp_path: Path, chance: random.Random) -> None:
    rows = [f"u{n % 9},{('sent', 'order')[n % 2]},2023-0{1 + n % 9}-11,{n}.50" for n in range(60)]
    people = [f"u{n},{30 + n}" for n in range(9)]
    maps = []
    for _ in range(2):
        paths = _written(
            tmp_path,
            log="\n".join(["user_id,event,ts,amount", *rows]),
            people="\n".join(["user_id,age", *people]),
        )
        maps.append(guess_workspace(paths if not maps else paths[::-1], tmp_path))
        chance.shuffle(rows)
    assert maps[0].types == maps[1].types
    assert {s.name: s.map for s in maps[0].sources} == {s.name: s.map for s in maps[1].sources}


def test_rows_of_other_widths_than_the_header(tmp_path: Path) -> None:
    (path,) = _written(tmp_path, empty="a;b;c\n1;2\n1;2\n")
    with pytest.raises(DataError, match="no delimiter tried"):
        guess_workspace([path], tmp_path)


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    name = 'a"; drop table history; --'
    rows = "".join(f'u{n % 4},purchase,2023-01-{1 + n:02d},{n}.5,"x{n % 3}"\n' for n in range(20))
    header = 'user_id,event,ts,amount,"' + name.replace('"', '""') + '"\n'
    guess = working(tmp_path, log__csv=header + rows)
    assert lines(guess)["attributes.a_drop_table_history"] == '"a""; drop table history; --"'


@pytest.mark.parametrize(("large", "asked"), [(3, False), (20, True)])
def test_a_limit_that_many_exceed_is_asked_about(tmp_path: Path, large: int, asked: bool) -> None:
    """The limit is a round number near the 99.7 % quantile: 200 where that is 240."""
    amounts = [*range(1, 11)] * 98 + [240] * large + [9_000]
    rows = "".join(f"c{n % 50},2023-03-{1 + n % 28:02d},purchase,{x}\n" for n, x in enumerate(amounts))
    guess = working(tmp_path, e__csv="customer,day,event,amount\n" + rows)
    (objective,) = guess.objectives
    assert objective.clip_event is not None
    clip = next(line for line in render_toml(guess).splitlines() if line.startswith("clip_event"))
    assert clip.endswith("# ?") is asked
    assert any("Raise clip_event" in question.text for question in guess.questions) is asked
