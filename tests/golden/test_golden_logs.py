"""Logs in the formats of other tools: what of them is stored, flagged and rejected, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden import check
from small_shop import Shop

from nbatool.ingest.report import IngestReport

LOGS = Path(__file__).parent / "logs"
STORED = {
    "decisions": "select d.* exclude (batch_id, candidate_set, detail, net_values, removed), candidates "
    "from decisions as d left join candidate_sets using (candidate_set) order by as_of, decision_id",
    "outcomes": "select * exclude (batch_id) from outcomes order by decision_id, outcome_id, ts",
    "contact states": "from contact_states order by decision_id",
    "context": "select name, type from attributes_seen order by name",
    "rejected": "select line, reason, detail from rejects order by line",
}


def said(shop: Shop, report: IngestReport) -> str:
    """Everything a load left behind, as text."""
    [source] = report.sources
    counts = source.counts
    assert counts.rows == counts.accepted + counts.duplicate + counts.rejected
    blocks = [
        f"== {counts.rows} rows = {counts.accepted} accepted + {counts.duplicate} duplicate "
        f"+ {counts.rejected} rejected\n"
    ]
    blocks += [
        f"flagged  {flag.rows} rows: {flag.reason}, such as {flag.example}\n" for flag in source.flagged
    ]
    blocks += [f"warning  {warning}\n" for warning in source.warnings]
    for title, query in STORED.items():
        rows = shop.rows(query)
        blocks.append("".join([f"== {title}\n", *(f"{'  '.join(map(str, row))}\n" for row in rows)]))
    return "".join(blocks)


@pytest.mark.parametrize(
    ("preset", "kind", "file"),
    [
        ("dsjson", "decisions", "site.dsjson"),
        ("obp", "decisions", "shop.csv"),
        ("personalizer", "decisions", "rank.ndjson"),
        ("personalizer", "outcomes", "reward.ndjson"),
    ],
    ids=["dsjson", "obp", "personalizer", "personalizer-rewards"],
)
def test_preset(preset: str, kind: str, file: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    shop = Shop(tmp_path)
    shop.write(file, (LOGS / file).read_bytes())
    text = f'[[source]]\nname = "log"\nkind = "{kind}"\nfiles = ["{file}"]\npreset = "{preset}"\n'
    workspace = shop.configure(text)
    report = shop.load(workspace, max_rejects="100%")
    check(f"log-{request.node.callspec.id}.txt", said(shop, report))
    assert shop.load(workspace, max_rejects="100%").totals.accepted == 0
