"""Who is in which group of the experiment: control, one of three component arms, or the policy.

A customer's place is a 64-bit hash of (experiment, customer), a whole number on a line from 0 to 2^64. Control takes
the line's lower end, the component arms together its upper end, the policy what lies between:

    0 ─ control ─┤ policy                                   ├─ component arms ─ 2^64

So arms are disjoint, a customer keeps the arm whatever else happens, and a changed share moves the customers between
the old threshold and the new one and nobody else. Which of the three component arms it is, a second hash says, so
they all grow and shrink together and nobody changes between them. Another experiment name draws everybody anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbatool.base.seeds import hash64
from nbatool.decide.best import Bools, Floats

ARMS = ("policy", "control", "random", "model_only", "rules_only")
"""Arms by their number: the whole policy; never contacted; any candidate alike; greedy by uplift, without levers, costs
and prices; the highest lever among the eligible."""
POLICY, CONTROL, RANDOM, MODEL_ONLY, RULES_ONLY = range(5)
COMPONENTS = (RANDOM, MODEL_ONLY, RULES_ONLY)
WHOLE = 2**64


@dataclass(frozen=True)
class ArmShares:
    """The experiment: its name, and the share of customers in each kind of arm.

    Parameters
    ----------
    name
        Salts who is where.
    control
        Share never contacted.
    component_arms
        Share split equally over ``random``, ``model_only`` and ``rules_only``.

    Raises
    ------
    ValueError
        A share is outside 0 to 1, or both are more than 1 together.

    Examples
    --------
    >>> ArmShares("autumn", control=0.1, component_arms=0.15).shares.round(3).tolist()
    [0.75, 0.1, 0.05, 0.05, 0.05]
    """

    name: str = "experiment"
    control: float = 0.0
    component_arms: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.control <= 1.0 and 0.0 <= self.component_arms <= 1.0):
            raise ValueError(f"shares {self.control} and {self.component_arms} must be between 0 and 1")
        if self.control + self.component_arms > 1.0:
            raise ValueError(f"shares {self.control} and {self.component_arms} are more than 1 together")

    @property
    def is_empty(self) -> bool:
        """Whether everybody gets the policy."""
        return self.control == 0.0 and self.component_arms == 0.0

    @cached_property
    def control_below(self) -> int:
        """Hashes below this are control: the share to 64 bits, exactly."""
        return int(Fraction(self.control) * WHOLE)

    @cached_property
    def components_from(self) -> int:
        """Hashes from this on are component arms."""
        return max(WHOLE - int(Fraction(self.component_arms) * WHOLE), self.control_below)

    @cached_property
    def shares(self) -> Floats:
        """(5,) share of each arm, in the order of `ARMS`."""
        part = self.component_arms / 3
        policy = max(1.0 - self.control - self.component_arms, 0.0)
        return np.array([policy, self.control, part, part, part])

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "control": self.control, "component_arms": self.component_arms}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ArmShares:
        return cls(str(data["name"]), float(data["control"]), float(data["component_arms"]))


NO_EXPERIMENT = ArmShares()
"""Everybody gets the policy."""


def arm_of(customer_id: str | None, experiment: ArmShares) -> int:
    """Return the number of a customer's arm.

    Somebody anonymous (None) gets the policy: without a name nobody can stay in an arm, and a visitor moved from arm to
    arm between two pages would be evidence for none of them.

    >>> ARMS[arm_of("c1", ArmShares("autumn", control=1.0))], ARMS[arm_of(None, ArmShares("autumn", control=1.0))]
    ('control', 'policy')
    """
    if customer_id is None or experiment.is_empty:
        return POLICY
    place = hash64("arm", experiment.name, customer_id)
    if place < experiment.control_below:
        return CONTROL
    if place >= experiment.components_from:
        return COMPONENTS[hash64("component", experiment.name, customer_id) * len(COMPONENTS) // WHOLE]
    return POLICY


def arms_of(customer_ids: Sequence[str | None], experiment: ArmShares) -> NDArray[np.int8]:
    """`arm_of` for many customers, (n,).

    >>> arms_of(["c1", None], ArmShares("autumn", control=1.0)).tolist()
    [1, 0]
    """
    arms = np.full(len(customer_ids), POLICY, dtype=np.int8)
    if experiment.is_empty:
        return arms
    known = np.array([i is not None for i in customer_ids], dtype=np.bool_)
    places = _places("arm", experiment.name, ("" if i is None else i for i in customer_ids))
    arms[_below(places, experiment.control_below) & known] = CONTROL
    for i in np.flatnonzero(~_below(places, experiment.components_from) & known).tolist():
        arms[i] = arm_of(customer_ids[i], experiment)
    return arms


def _below(places: NDArray[np.uint64], threshold: int) -> Bools:
    """Places below a threshold that may be 2^64 itself."""
    return places <= np.uint64(threshold - 1) if threshold > 0 else np.zeros(len(places), dtype=np.bool_)


def _places(purpose: str, name: str, customer_ids: Iterable[str]) -> NDArray[np.uint64]:
    """`hash64(purpose, name, customer_id)` of each; the part they share is hashed once."""
    begun = hashlib.blake2b(digest_size=8)
    for part in (purpose, name):
        raw = part.encode("utf-8", "surrogatepass")
        begun.update(len(raw).to_bytes(4, "little") + raw)
    digests = []
    for customer_id in customer_ids:
        raw = customer_id.encode("utf-8", "surrogatepass")
        one = begun.copy()
        one.update(len(raw).to_bytes(4, "little") + raw)
        digests.append(one.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64, copy=False)
