"""Every stage of `python -m benchmarks` still finds what it measures; how long anything took is not looked at."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from benchmarks import decide_cold
from benchmarks.__main__ import STAGES
from benchmarks.scale import Bench, Scale
from benchmarks.shops import Shops
from benchmarks.table import Row
from benchmarks.train import BOOSTER_FITS, MODEL_FITS

TINY = Scale(
    customers=400, model_customers=400, scored_customers=400, clv_customers=2_000, published_customers=500,
    times=1, decisions=20, judged_decisions=3_000, limited_customers=2_000,
)  # fmt: skip
ROWS = {
    "world_size": (2, 0), "ingest": (3, 3), "features": (2, 1), "train": (2, 1), "score": (2, 1), "decide_cold": (2, 1),
    "decide_warm": (2, 2), "exploring": (12, 12), "stream": (1, 1), "clv": (3, 1), "publish": (2, 1), "ledger": (4, 1),
    "evaluate": (1, 0), "limits": (3, 0), "pacing": (5, 0), "guarded": (2, 2), "capped": (4, 0),
}  # fmt: skip
"""Rows of each stage, and how many of them have a bare side."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Shops that the stages share, as in a whole run."""
    return Bench(TINY, Shops(tmp_path_factory.mktemp("bench"), seed=0), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_figures(stage: str, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_cold, "TIMES", 1)
    rows = import_module(f"benchmarks.{stage}").measure(bench)
    assert {row.stage for row in rows} == {stage}
    assert (len(rows), sum(bool(row.bare) for row in rows)) == ROWS[stage]
    for row in rows:
        assert has_figures(row), row


@pytest.mark.slow
def test_both_sides_of_train_fit_every_model(bench: Bench) -> None:
    folder = bench.shops.trained(TINY.model_customers)
    shapes = bench.shops.facts(folder, "train")["shapes"]
    fitted = [shape.split()[0] for shape in shapes]
    assert fitted[:2] == ["purchase_30d", "churn_90d"]
    # so small a shop may get one uplift for all, which takes no booster
    assert "baseline" in fitted
    assert len(list((folder / "matrices").iterdir())) == len(shapes)


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["parquet", "csv.gz", "ndjson.gz"])
def test_both_sides_of_ingest_read_the_same_rows(file_format: str, bench: Bench) -> None:
    from benchmarks import ingest

    folder = bench.shops.world(TINY.customers, file_format)
    given = bench.shops.facts(folder, "world")
    ours = ingest.ours(str(bench.shops.copy(folder, "ours")))["rows"]
    assert ours == given["events"] + given["customers"]
    # numbers nobody can read make CSV rows that DuckDB leaves out, and the others empty cells
    assert 0 <= ours - ingest.bare(str(folder))["rows"] <= given["rejected"]


@pytest.mark.parametrize(("module", "name"), [*MODEL_FITS, *BOOSTER_FITS])
def test_what_train_watches_is_there(module: str, name: str) -> None:
    assert callable(getattr(import_module(module), name))


def has_figures(row: Row) -> bool:
    """Whether what a row says it measured is there, every number of it finite and none of the sizes zero."""
    texts = (row.time, row.bare, row.ratio)
    numbers = [float(n.replace(",", "")) for text in texts for n in re.findall(r"\d[\d,]*\.?\d*", text)]
    sizes = [size for size in (row.peak_mb, row.bare_mb) if size is not None]
    told = bool(numbers or sizes or row.met is not None)
    return told and all(size > 0 for size in sizes) and not re.search(r"nan|inf\b", " ".join(texts))
