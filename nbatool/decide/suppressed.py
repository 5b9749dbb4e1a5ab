"""What suppressions forbid: offers an entry of ``nbatool suppress`` names, for one customer or for everybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nbatool.decide.best import Bools
from nbatool.decide.catalogue import Catalogue
from nbatool.decide.contact_rules import is_about, kind_of
from nbatool.store.suppressions import Suppression


def offers_of(suppression: Suppression, catalogue: Catalogue) -> list[int]:
    """Return the offers a suppression names: all of its parts are true of them."""
    parts = [
        (subject, name)
        for subject, name in (
            ("action", suppression.action), ("tag", suppression.tag), ("channel", suppression.channel),
        )
        if name is not None
    ]  # fmt: skip
    kinds = [kind_of(offer) for offer in catalogue.offers]
    return [j for j, kind in enumerate(kinds) if all(is_about(kind, *part) for part in parts)]


def suppressed_offers(
    suppressions: Iterable[Suppression], catalogue: Catalogue, customer_ids: Sequence[str | None]
) -> Bools | None:
    """Return bool[n, n_offers]: what suppressions forbid for n customers; None where that is nothing."""
    found = None
    row_of: dict[str | None, int] | None = None
    for suppression in suppressions:
        if found is None:
            found = np.zeros((len(customer_ids), len(catalogue.offers)), np.bool_)
        offers = offers_of(suppression, catalogue)
        if suppression.customer_id is None:
            found[:, offers] = True
            continue
        if row_of is None:
            row_of = {customer_id: row for row, customer_id in enumerate(customer_ids)}
        row = row_of.get(suppression.customer_id)
        if row is not None:
            found[row, offers] = True
    return found
