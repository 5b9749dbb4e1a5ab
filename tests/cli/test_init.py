"""``nbatool init`` writes a workspace, says what it guessed, and overwrites nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nbatool.base.config import load_config

Called = tuple[int, str, str]
ROWS = "user_id,event,ts,amount\n" + "".join(
    f"u{n % 3},purchase,2023-01-{1 + n:02d},{n}.5\n" for n in range(20)
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "orders.csv").write_text(ROWS)
    (tmp_path / "people.csv").write_text("user_id,age\nu0,30\nu1,40\nu2,50\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    return tmp_path


def test_several_files_follow_from(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "--from", "orders.csv", "people.csv")
    assert code == 0
    assert [source.name for source in load_config(here / "nba.toml").sources] == ["orders", "people"]
    assert 'files = ["orders.csv"]' in (here / "nba.toml").read_text()
    assert "events: 20 rows, CSV" in out
    assert "Wrote ./nba.toml. Nothing is loaded yet." in out
    assert "nbatool ingest --dry-run" in out


def test_the_folder_comes_before_from(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "shop", "--from", "orders.csv", "people.csv")
    assert code == 0
    assert f'files = ["{here}/orders.csv"]' in (here / "shop" / "nba.toml").read_text()
    assert "nbatool -w shop ingest --dry-run" in out
    assert nbatool("-w", "shop", "ingest")[0] == 0


def test_json(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "--json", "--from", "orders.csv")
    found = json.loads(out)
    assert code == 0
    assert found["written"] == "nba.toml"
    assert found["roles"] == {"purchase": ["purchase"]}
    assert found["sources"][0]["rows"] == 20


def test_an_existing_file_is_kept(here: Path, nbatool: Callable[..., Called]) -> None:
    (here / "nba.toml").write_text("# mine\n")
    code, _, err = nbatool("init", "--from", "orders.csv")
    assert code == 2
    assert "is not overwritten" in err
    assert (here / "nba.toml").read_text() == "# mine\n"


def test_without_files_an_outline(here: Path, nbatool: Callable[..., Called]) -> None:
    code, out, _ = nbatool("init", "shop")
    assert code == 0
    assert "outline" in out
    assert load_config(here / "shop" / "nba.toml").sources == ()


def test_every_commented_block_of_the_outline_loads(here: Path, nbatool: Callable[..., Called]) -> None:
    nbatool("init")
    text = (here / "nba.toml").read_text()
    blocks = [
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.startswith("# ") and (" = " in line or "[" in line[:4])
    ]
    kept = [line for line in blocks if not line.startswith(("With", "nbatool"))]
    (here / "nba.toml").write_text("\n".join(kept))
    config = load_config(here / "nba.toml")
    assert [source.name for source in config.sources] == ["orders", "customers"]
    assert config.actions[0].target == config.targets[0].name


def test_nothing_is_written_when_a_file_is_bad(here: Path, nbatool: Callable[..., Called]) -> None:
    (here / "empty.csv").write_text("")
    code, _, err = nbatool("init", "shop", "--from", "orders.csv", "empty.csv")
    assert code == 4
    assert "empty.csv is empty" in err
    assert not (here / "shop").exists()


def test_a_folder_after_from(here: Path, nbatool: Callable[..., Called]) -> None:
    code, _, err = nbatool("init", "--from", ".")
    assert code == 4
    assert "is a folder" in err


def test_the_next_step_without_history(here: Path, nbatool: Callable[..., Called]) -> None:
    (here / "trial.csv").write_text(
        "age,segment,visit\n" + "".join(f"{20 + n % 50},mail,{n % 2}\n" for n in range(90))
    )
    code, out, _ = nbatool("init", "--from", "trial.csv")
    assert code == 0
    end = out[out.index("Next ") :]
    assert "ingest --dry-run" in end
    assert "&&" not in end
    assert "Without events (who, when, what) there is no history" in end
    assert nbatool("ingest")[0] == 0
    code, _, err = nbatool("train")
    assert (code, "nothing to train: no events are loaded" in err) == (4, True)


@pytest.mark.parametrize(
    ("start", "what"), [(b"PK\x03\x04", "zip archive"), (b"\xd0\xcf\x11\xe0", "old kind")]
)
def test_a_workbook_is_to_be_saved_as_csv(
    here: Path, nbatool: Callable[..., Called], start: bytes, what: str
) -> None:
    (here / "orders.xlsx").write_bytes(start + b"\x14\x00\x06\x00\xff" * 40)
    code, _, err = nbatool("init", "shop", "--from", "orders.xlsx")
    assert code == 4
    assert "orders.xlsx is an Excel workbook" in err
    assert what in err
    assert "Save its sheet as CSV" in err


def _orders(*, kinds: tuple[str, ...] = ("purchase", "view"), offers: tuple[str, ...] = ()) -> str:
    """Half a year of a dozen people; with offers, contacts among the events."""
    rows = ["customer_id,ts,event,amount,offer_id,channel"]
    for n in range(360):
        when = f"2024-0{1 + n // 60}-{1 + n % 28:02d}T{n % 24:02d}:00:00"
        who, kind = f"k{n * n * 7 % 23}", kinds[n % len(kinds)]
        rows.append(f"{who},{when},{kind},{5 + n % 30 if kind == 'purchase' else ''},,")
        if offers and n % 4 == 0:
            rows.append(f"{who},{when},email sent,,{offers[n % len(offers)]},{('email', 'push')[n % 3 // 2]}")
    return "\n".join(rows) + "\n"


def _invoices() -> str:
    rows = ["InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
    for n in range(500):
        count = -1 if n % 25 == 0 else 1 + n % 4
        date = f"{1 + n // 42}/{1 + n % 28}/2010 8:26"
        rows += [
            f"{536365 + n},{2000 + k},{count},{date},2.55,{17000 + n * n % 37},UK" for k in range(1 + n % 2)
        ]
    return "\n".join(rows) + "\n"


def _track() -> str:
    return "\n".join(
        json.dumps({
            "type": "track", "event": ("Product Viewed", "Order Completed")[n % 2], "messageId": f"m{n}", "userId": f"u{n % 7}",
            "properties": {"revenue": 12.5} if n % 2 else {"sku": f"s{n % 3}"}, "timestamp": f"2023-0{1 + n % 9}-{1 + n % 28:02d}T10:00:00.000Z",
        })
        for n in range(120)
    )  # fmt: skip


_OFFERS = json.dumps([
    {"offer_id": "a", "name": "A", "channels": ["email", "push"], "tags": ["x"], "cost": 0.1},
    {"offer_id": "b", "name": "B", "channels": ["email"], "tags": [], "cost": 0.2},
])  # fmt: skip
_ONE = "offer_id,name,channels,cost\na,A,email,0.1\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "acts"),
    [
        ({"retail.csv": _invoices()}, False),
        ({"track.ndjson": _track()}, False),
        ({"orders.csv": _orders(), "offers.csv": _ONE}, True),
        ({"orders.csv": _orders(kinds=("view", "click")), "offers.csv": _ONE}, True),
        ({"orders.csv": _orders(offers=("a", "b")), "offers.json": _OFFERS}, None),
    ],
    ids=["invoices", "segment", "one action", "clicks", "contacts"],
)
def test_what_init_writes_trains_and_scores_and_decides(
    here: Path, nbatool: Callable[..., Called], files: dict[str, str], acts: bool | None
) -> None:
    for name, text in files.items():
        (here / name).write_text(text)
    said = [nbatool("init", "shop", "--from", *files)]
    said += [nbatool("-w", "shop", command) for command in ("ingest", "train", "score")]
    assert [code for code, _, _ in said] == [0, 0, 0, 0], said
    (scores,) = (here / "shop" / "out").glob("scores-*.csv")
    header, first, *_ = scores.read_text().splitlines()
    customer = dict(zip(header.split(","), first.split(","), strict=False))["customer_id"]
    request = here / "request.ndjson"
    request.write_text(json.dumps({"customer_id": customer}) + "\n")
    code, out, err = nbatool("-w", "shop", "decide", str(request))
    assert code == 0, err
    assert json.loads(out)["customer_id"] == customer
    (actions,) = (here / "shop" / "out").glob("actions-*.csv")
    if acts is not None:
        assert (len(actions.read_text().splitlines()) > 1) == acts
