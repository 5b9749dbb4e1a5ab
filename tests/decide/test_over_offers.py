"""An expression over many offers gives what it gives for each offer by itself, however values are laid out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbatool.base.expressions import Kind, compile_expression, is_true
from nbatool.base.records import Action
from nbatool.decide import over_offers
from nbatool.decide.catalogue import Catalogue, Offer, action_kinds, action_values
from nbatool.decide.funnel import repeated
from nbatool.decide.over_offers import OverOffers

KINDS: dict[str, Kind] = {"age": "number", "city": "text"}
EXPRESSIONS = (
    "action.cost > age",
    "action.place = city or city is null",
    "coalesce(action.place, 'Bonn') = city and age / action.size > 1",
    "action.size is null",
    "action.odd = 'x'",
    "lower(action.odd) like '%x%' or age > 30",
    "age > 18",
    "context.page = action.id",
    "true",
)
attributes = st.fixed_dictionaries(
    {
        "size": st.sampled_from([None, 0.0, 2.0]),
        "place": st.sampled_from([None, "Bonn", "Köln"]),
        "odd": st.sampled_from([None, "x", 3.0]),
    }
)
actions = st.lists(st.tuples(st.integers(0, 40), attributes), min_size=1, max_size=5)
people = st.lists(
    st.tuples(st.sampled_from([np.nan, 0.0, 20.0, 35.0]), st.sampled_from([None, "Bonn", "Köln"])), min_size=1, max_size=6
)  # fmt: skip


def plainly(tree: Any, offers: list[Offer], columns: dict[str, Any], n: int) -> list[list[bool]]:
    """Offer by offer, with the action's values repeated over the rows."""
    by_offer = [
        is_true(tree, {**columns, **{k: repeated(v, n) for k, v in action_values(o).items()}}, n)
        for o in offers
    ]
    return np.array(by_offer).T.tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", EXPRESSIONS)
@settings(max_examples=30)
@given(actions, people, st.sampled_from([1, 3, over_offers.AT_ONCE]), st.data())
def test_all_at_once_is_one_by_one(
    text: str, said: list[Any], rows: list[Any], at_once: int, data: st.DataObject
) -> None:
    offers = [
        Offer(Action(f"a{k}", "A", ("web",), cost=float(cost), attributes=own), "web", None)
        for k, (cost, own) in enumerate(said)
    ]
    kinds = {**KINDS, "action.size": "number", "action.place": "text", "action.odd": "text"}
    tree = compile_expression(text, {**action_kinds([o.action for o in offers]), **kinds})  # type: ignore[arg-type]
    city = np.empty(len(rows), dtype=object)
    city[:] = [row[1] for row in rows]
    columns = {
        "age": np.array([row[0] for row in rows]),
        "city": city,
        "context.page": repeated("a1", len(rows)),
    }
    about = data.draw(st.lists(st.integers(0, len(offers) - 1), unique=True).map(sorted))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(over_offers, "AT_ONCE", at_once)
        over = OverOffers(tree, np.array(about, np.int64), Catalogue(tuple(offers)))
        found = over.true(columns, len(rows))
    wanted = plainly(tree, offers, columns, len(rows))
    assert np.broadcast_to(found, (len(rows), len(about))).tolist() == [
        [row[j] for j in about] for row in wanted
    ]
    for where in (True, False):
        for first, last in [(0, len(rows)), *((k, k + 1) for k in range(len(rows)))]:
            codes = np.zeros((last - first, len(offers)), np.int8)
            over.put(codes, 7, {name: values[first:last] for name, values in columns.items()}, where=where)
            said = [[7 * (j in about and row[j] == where) for j in range(len(offers))] for row in wanted]
            assert codes.tolist() == said[first:last]
