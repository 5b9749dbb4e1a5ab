"""What the features that nobody wrote are called and say."""

from __future__ import annotations

from nbatool.features.defaults import EventType, default_features

DAY_S = 86_400


def test_a_feature_with_a_window_names_it() -> None:
    types = (EventType("buy", 9, True, True, {"channel": ("app", "web")}, ("product",)),)
    windows = (7 * DAY_S, 30 * DAY_S, 90 * DAY_S)
    made = {f.name: f for f in default_features({"purchase": ("buy",)}, types, windows, 400 * DAY_S)}
    assert made["sequence_1"].meaning == "the newest event in 90d"
    assert made["sequence_2"].meaning == "the event 1 before the newest in 90d"
    assert made["transition"].meaning == "the last two events in 90d, in order"
    assert [f.name for f in made.values() if f.within_s and f"{f.within_s // DAY_S}d" not in f.meaning] == []
