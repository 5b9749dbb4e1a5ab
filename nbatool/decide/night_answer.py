"""What the night decided, asked for live: the answer is the decision of the log, whatever was learned since.

A decision's name says for whom, for when and with which seed. Under that name outcomes are told and learned from, so
the answer has the choice and the chances the night logged. What the log does not keep of a night's millions (the money
of every candidate, what ruled others out) is made again as the night made it: from the published state alone, with
what had been learned when it was made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nbatool.base.seeds import hash64
from nbatool.decide.decision import Decision
from nbatool.decide.guardrails import Circumstances
from nbatool.decide.policy import Policy, Scores
from nbatool.decide.recording import as_logged
from nbatool.decide.subjects import Subjects
from nbatool.features.customer import CustomerFeatures
from nbatool.models.posterior import Posterior
from nbatool.store.night_decisions import NightReader
from nbatool.store.state import StateReader

ANOTHER = f"{hash64('request', 'another decision than that of the night'):016x}"
"""The key of a decision at the night's moment where what the night logged cannot be told: it is another one."""


class NightAnswers:
    """The decisions of the night that made a state; its file is opened when the first of them is asked for.

    Parameters
    ----------
    policy, state
        As published.
    file
        The night's decisions, `store.night_decisions.night_file`. An apprentice's night has none, and one that is
        over has none any more.
    """

    def __init__(self, policy: Policy, state: StateReader, file: Path) -> None:
        self._policy, self._state, self._file = policy, state, file
        self._reader: NightReader | None = None
        self._learned: Posterior | None = None
        self._has_read = False

    def decision(
        self,
        subjects: Subjects,
        customers: CustomerFeatures,
        scores: Scores,
        told: Circumstances,
        now: Callable[[], Posterior | None],
    ) -> Decision | None:
        """Return the decision of one customer as it was logged; None where that cannot be told.

        Parameters
        ----------
        subjects
            The customer, with the decision's name.
        customers, scores, told
            What the state alone says of the customer, one row.
        now
            Gives what is known by now: where the file is of an earlier version of nbatool, the decision can be told only
            as long as nothing that matters to it was learned.

        Raises
        ------
        DataError
            The file is damaged.
        """
        if self._reader is None:
            if not self._file.is_file():
                return None
            self._reader = NightReader(self._file)
        logged = self._reader.logged(subjects.decision_ids[0])
        if logged is None:
            return None
        posterior = now() if logged.chances is None else self._believed()
        made = self._policy.decide(customers, scores, subjects=subjects, posterior=posterior, told=told)
        return as_logged(made, logged)

    def _believed(self) -> Posterior | None:
        if not self._has_read:
            body = self._state.learned()
            self._learned = None if body is None else Posterior.from_bytes(body)
            self._has_read = True
        return self._learned

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
