"""The decision log as Vowpal Wabbit reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import msgspec

from nbatool.activate.log_rows import LogNames, Row, explained, shown_floats
from nbatool.base.clock import format_time

if TYPE_CHECKING:
    import pyarrow as pa


def write_dsjson(tables: Iterator[pa.Table], names: LogNames, file: IO[bytes]) -> None:
    """Write one line a decision; see :func:`dsjson_line`."""
    for table in tables:
        file.write(b"".join(dsjson_line(row, names) + b"\n" for row in table.to_pylist()))


def dsjson_line(row: Row, names: LogNames) -> bytes:
    """Return a decision as Vowpal Wabbit reads it with ``--dsjson``.

    Keys VW does not know (``customer_id, slot, arm, probability_in_arm``) it passes over; ``preset = "dsjson"`` reads
    them again. Without a known list of candidates there is no ``_multi``, and the choice stands in ``action_id``.
    """
    value = row["outcome"]
    candidates = json.loads(row["candidates"]) if row["candidates"] is not None else None
    own = [row["action_id"], row["channel"]]
    chosen = candidates.index(own) if candidates and own in candidates else None
    line: dict[str, Any] = {} if value is None else {"_label_cost": 0.0 - value}
    line |= {"_label_probability": row["probability"]} if row["probability"] is not None else {}
    line |= {"_label_Action": chosen + 1, "_labelIndex": chosen} if chosen is not None else {}
    line |= {
        "o": [_observation(row, outcome) for outcome in explained(row, names)],
        "Timestamp": format_time(row["as_of_us"]),
        "Version": "1",
        "EventId": row["decision_id"],
    }
    context = json.loads(row["context"]) if row["context"] is not None else {}
    features: dict[str, Any] = {name: value for name, value in context.items() if value is not None}
    if candidates is not None:
        chances = shown_floats(row["probabilities"])
        order = _ranking(len(candidates), chances, chosen)
        line["a"] = [k + 1 for k in order]
        line["p"] = [chances[k] for k in order] if chances else None
        features |= {"_multi": [_features_of(*candidate) for candidate in candidates]}
    line["c"] = features
    line["VWState"] = {"m": row["policy"]} if row["policy"] is not None else None
    line |= {key: row[key] for key in ("customer_id", "slot", "arm", "probability_in_arm")}
    if chosen is None:
        line |= {"action_id": row["action_id"], "channel": row["channel"]}
    line["_skipLearn"] = True if row["is_skipped"] else None
    return msgspec.json.encode({key: value for key, value in line.items() if value is not None})


def _ranking(n: int, chances: list[float], chosen: int | None) -> list[int]:
    """Places of the candidates, what was chosen first, then the likelier before the less likely."""
    return sorted(range(n), key=lambda k: (k != chosen, -chances[k] if chances else 0.0, k))


def _observation(row: Row, outcome: Row) -> dict[str, Any]:
    told: dict[str, Any] = {
        "v": float(outcome["value"]), "EventId": row["decision_id"], "outcome_id": outcome["outcome_id"],
    }  # fmt: skip
    told |= {key: outcome[key] for key in ("objective", "ts") if outcome[key] is not None}
    return told | ({"slot": None} if outcome["whole"] else {})


def _features_of(action_id: str, channel: str | None) -> dict[str, Any]:
    return {"_tag": action_id} if channel is None else {"_tag": action_id, "channel": channel}
