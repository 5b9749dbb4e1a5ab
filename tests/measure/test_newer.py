"""Why a twin is judged: what is newer than the training, and what of it can be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from judged_worlds import judged_log
from small_shop import Shop, log_source

from nbatool.base.clock import parse_time
from nbatool.measure.evaluating import LEARNED_SINCE, _learned_since
from nbatool.measure.newer import Newer, newer_decisions
from nbatool.measure.twin import Twin
from nbatool.models.posterior import Posterior
from nbatool.store.warehouse import open_warehouse

TRAINED = parse_time("2024-01-03")


@pytest.mark.parametrize(("present", "known"), [("2024-01-09", 0), ("2024-01-12", 2), ("2024-02-01", 4)])
def test_newer_decisions_are_counted_and_those_whose_outcome_is_known(
    tmp_path: Path, present: str, known: int
) -> None:
    shop = Shop(tmp_path)
    days = (1, 2, 4, 5, 6, 7)
    shop.write("log.csv", "d,id,ts,action\n" + "".join(f"{k},c{k},2024-01-0{k},a\n" for k in days))
    decided = log_source("log.csv")
    objective = '[[objective]]\nname = "spend"\nwithin = "7d"\n[[action]]\nid = "a"\nchannels = ["web"]\n'
    workspace = shop.configure(decided + objective)
    shop.load(workspace)
    with open_warehouse(workspace) as warehouse:
        found = newer_decisions(
            warehouse.con, workspace.config, None, from_us=TRAINED, present_us=parse_time(present)
        )
    assert found == Newer(4, known, 0, parse_time(present))


def test_those_of_the_present_are_newer_too_and_contacts_never_made_are_apart(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    workspace = shop.configure('[[objective]]\nname = "spend"\nwithin = "7d"\n')
    with open_warehouse(workspace) as warehouse:
        for k in range(3):
            warehouse.con.execute(
                "insert into decisions (source, decision_id, as_of, slot, action_id, batch_id) "
                f"values ('nbatool', 'd{k}', timestamp '2024-01-03', 1, 'a', 'x')"
            )
        counted = newer_decisions(warehouse.con, workspace.config, None, from_us=TRAINED, present_us=TRAINED)
        assert counted == Newer(3, 0, 0, TRAINED)
        warehouse.con.execute("insert into contact_states select 'd0', 'expired', timestamp '2024-01-03'")
        counted = newer_decisions(warehouse.con, workspace.config, None, from_us=TRAINED, present_us=TRAINED)
        assert counted == Newer(2, 0, 0, TRAINED, not_made=1)


def test_what_the_fast_learner_knows_by_now_is_left_out_and_said() -> None:
    own = judged_log(50)
    posterior = Posterior.start([("a", None), ("nothing", None)], None, np.ones(1), noise=1.0)
    assert _learned_since(posterior, own, None) == [LEARNED_SINCE]
    assert _learned_since(None, own, None) == []
    assert _learned_since(posterior, own, Twin(0)) == []
    assert _learned_since(posterior, replace(own, policies=("log/by size",)), None) == []
