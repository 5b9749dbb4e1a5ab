"""What ``decide`` answers, word for word."""

from __future__ import annotations

import json
from pathlib import Path

from calls import call
from golden import check

AS_OF = "2020-05-06T12:00:00Z"
REQUESTS = {
    "known": {"customer_id": "anna"},
    "known, the next best too": {"customer_id": "anna", "top": 5, "request_id": "r2"},
    "known, explained": {"customer_id": "anna", "explain": True},
    "known, in a session": {
        "customer_id": "dora", "explain": True,
        "events": [{"type": "buy", "value": 12.4, "ts": "2020-05-06T11:58:00Z", "channel": "web"}],
    },
    "known, nothing is best": {"customer_id": "007", "explain": True},
    "known, only these actions": {"customer_id": "anna", "actions": ["tea", "gift"], "request_id": 8},
    "known, only this channel": {"customer_id": "anna", "channel": "push"},
    "known, with a context": {"customer_id": "fay", "actions": ["tea"], "context": {"page": "tea"}},
    "unknown": {"customer_id": "who is this"},
    "unknown, in a session": {"customer_id": "who is this", "events": [{"type": "buy", "value": 3}]},
    "unknown event types": {"events": [{"type": "by"}, {"type": "return"}]},
    "anonymous": {},
    "anonymous, explained": {"explain": True, "request_id": "r12"},
    "anonymous, with a context": {"context": {"page": "tea"}},
}  # fmt: skip
MISTAKES = [
    '{"request_id":"r17","event":[]}',
    "not json",
    "[]",
    '{"customer_id":"anna","events":[{"typ":"buy"}]}',
    '{"customer_id":"anna","events":[{"value":1}]}',
    '{"customer_id":"anna","as_of":"2020-05-01","request_id":6}',
    '{"as_of":"yesterday"}',
    '{"top":0}',
    '{"top":"1"}',
    '{"customer_id":""}',
    '{"events":[{"type":"buy","value":"much"}]}',
    '{"events":[{"type":"buy","value":100000000000000}]}',
    '{"as_of":"2020-05-06","events":[{"type":"buy","ts":"2020-05-06"}]}',
    '{"context":{"page":["tea"]}}',
    '{"actions":"tea"}',
    '{"customer_id":"anna"} {"customer_id":"bert"}',
    '{"events":[{"type":"buy","value":NaN}]}',
]


def test_answers(tiny: Path) -> None:
    asked = [json.dumps({"as_of": AS_OF, **request}) for request in REQUESTS.values()]
    done = call(tiny, "decide", stdin="\n".join(asked) + "\n")
    assert done.err == "2 of 10 requests named customers that are not known\n"
    answers = [json.dumps(answer, indent=2, ensure_ascii=False) for answer in done.rows]
    titles = [f"== {title}: {json.dumps(request)}" for title, request in REQUESTS.items()]
    check("decide.txt", "".join(f"{t}\n{a}\n" for t, a in zip(titles, answers, strict=True)))


def test_errors(tiny: Path) -> None:
    """A bad line is answered in its place, and the stream goes on."""
    good = json.dumps({"customer_id": "anna", "as_of": AS_OF})
    done = call(tiny, "decide", stdin="\n".join([good, "", *MISTAKES, good]) + "\n", code=4)
    assert done.err == ""
    rows = done.rows
    assert len(rows) == len(MISTAKES) + 2
    assert rows[0] == rows[-1]
    assert [row["error"]["line"] for row in rows[1:-1]] == list(range(3, 3 + len(MISTAKES)))
    assert all(row["error"]["code"] == "bad_request" for row in rows[1:-1])
    lines = [
        f"{mistake}\n  {json.dumps(row, ensure_ascii=False)}\n"
        for mistake, row in zip(MISTAKES, rows[1:-1], strict=True)
    ]
    check("decide-errors.txt", "".join(lines))


def test_from_a_file_as_one_object_and_with_options(tiny: Path, tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    one.write_text(json.dumps({"customer_id": "anna", "as_of": AS_OF}, indent=2), encoding="utf-8")
    (from_file,) = call(tiny, "decide", str(one)).rows
    (from_stdin,) = call(tiny, "decide", "-", stdin=one.read_text(encoding="utf-8")).rows
    (by_option,) = call(tiny, "decide", "--as-of", AS_OF, stdin='{"customer_id":"anna"}').rows
    assert from_file == from_stdin == by_option
    (timed,) = call(tiny, "decide", "--timing", "--explain", str(one)).rows
    assert timed.pop("took_us") > 0
    assert timed.keys() - from_file.keys() == {"funnel"}
    assert call(tiny, "decide").out == ""
    assert call(tiny, "decide", "nowhere.json", code=4).err == "nowhere.json: No such file or directory\n"
