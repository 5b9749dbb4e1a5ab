"""What a policy's fast learner knew when the first judged decision was made: it belongs to the policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbatool.decide.policy import Policy
from nbatool.decide.rebase import rebased
from nbatool.features.outcome_terms import OutcomeTerms
from nbatool.models.posterior import Posterior

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.config import Config


def known_then(
    con: duckdb.DuckDBPyConnection, config: Config, policy: Policy, at_us: int
) -> Posterior | None:
    """Return the fast learner as of a moment, from decisions whose windows had closed by then.

    Overwrites the prepared moments of the connection: ask before the judged decisions are read.
    """
    found = rebased(con, policy, OutcomeTerms.of(config), as_of_us=at_us)
    return None if found is None else found.posterior
