"""The night: ingest, learn, train when due, promote, score; each once, picked up where a killed night stopped."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbatool.activate.score import score_workspace
from nbatool.activate.scored import ScoreReport, ScoreSettings
from nbatool.base.clock import US_PER_S, now_us, parse_time
from nbatool.base.seeds import hash64
from nbatool.decide.assemble import require_decidable
from nbatool.ingest.load import load
from nbatool.ingest.report import IngestReport
from nbatool.learn.learning import LearnReport, learn_workspace
from nbatool.measure.promotion import Verdict, challengers_of, consider_promotion
from nbatool.models import registry
from nbatool.models.training import TrainReport, train_workspace
from nbatool.profile.present import present_us, require_fresh
from nbatool.store.durable import flush_to_disk, write_to_disk
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace

NIGHT_LASTS_US = 20 * 3600 * US_PER_S
"""An unfinished night older than this is not picked up but begun anew."""

Say = Callable[[str], None]


@dataclass
class Night:
    """How far a night came; kept in ``data/night.json`` until it is finished."""

    run_id: str
    started_us: int
    seed: int
    asked_us: int | None
    as_of_us: int | None = None
    done: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, path: Path, *, seed: int, asked_us: int | None) -> Night:
        """Pick up the unfinished night of the same seed and time, or begin one."""
        try:
            found = cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            found = None
        now = now_us()
        if (
            found
            and (found.seed, found.asked_us) == (seed, asked_us)
            and now - found.started_us < NIGHT_LASTS_US
        ):
            return found
        return cls(f"r_{hash64('night', now, os.getpid()):016x}", now, seed, asked_us)

    def finish(self, path: Path, step: str) -> None:
        """Note a finished step, durably."""
        self.done.append(step)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        write_to_disk(temporary, json.dumps(asdict(self)).encode())
        temporary.replace(path)
        flush_to_disk(path.parent)


@dataclass(frozen=True)
class NightReport:
    """What the night did; a step that an earlier start of it had finished is None and listed in ``resumed``."""

    run_id: str
    as_of_us: int
    ingest: IngestReport | None
    learn: LearnReport | None
    train: TrainReport | None
    trained_because: str | None
    promotion: Verdict | None
    score: ScoreReport
    resumed: tuple[str, ...]
    seconds: dict[str, float]


def run_night(
    workspace: Workspace,
    settings: ScoreSettings,
    *,
    as_of_us: int | None,
    train_every_s: int,
    max_rejects: str,
    say: Say,
) -> NightReport:
    """Run the night once; the caller holds the workspace lock.

    Parameters
    ----------
    train_every_s
        Train when the newest model is older than this at the night's time, in seconds.
    say
        Told the name of each step as it begins.
    """
    path = workspace.data_dir / "night.json"
    night = Night.begin(path, seed=settings.seed, asked_us=as_of_us)
    resumed = tuple(night.done)
    seconds: dict[str, float] = {}
    ingested = learned = trained = verdict = None
    why: str | None = None
    if "ingest" not in night.done:
        say("ingest")
        ingested = _timed(seconds, "ingest", lambda: load(workspace, max_rejects=max_rejects))
        night.as_of_us = _present(workspace, as_of_us)
        night.finish(path, "ingest")
    assert night.as_of_us is not None
    as_of = night.as_of_us
    if "learn" not in night.done and workspace.config.objectives:
        say("learn")
        learned = _timed(seconds, "learn", lambda: learn_workspace(workspace, as_of_us=as_of))
        night.finish(path, "learn")
    if "train" not in night.done:
        why = due_because(workspace, as_of, train_every_s)
        if why is not None:
            say("train")
            trained = _timed(
                seconds,
                "train",
                lambda: train_workspace(
                    workspace, as_of_us=as_of, seed=settings.seed, say=say, check=require_decidable
                ),
            )
        night.finish(path, "train")
    if "promote" not in night.done and workspace.config.promotion is not None:
        say("promote")
        verdict = _timed(
            seconds, "promote", lambda: consider_promotion(workspace, as_of_us=as_of, seed=settings.seed)
        )
        night.finish(path, "promote")
    say("score")
    scored = _timed(seconds, "score", lambda: score_workspace(workspace, settings, as_of_us=as_of))
    path.unlink(missing_ok=True)
    return NightReport(
        night.run_id, as_of, ingested, learned, trained, why, verdict, scored, resumed, seconds
    )


def due_because(workspace: Workspace, as_of_us: int, train_every_s: int) -> str | None:
    """Say why training is due, None when it is not.

    A version that waits for evidence counts: else every night would train another one beside an old champion.
    """
    champion = registry.champion(workspace.models_dir)
    if champion is None:
        return "no model yet"
    waiting = challengers_of(workspace) if workspace.config.promotion is not None else []
    shown = [registry.show(workspace.models_dir, version) for version in (champion, *waiting)]
    newest_us = max(parse_time(str(version.manifest["as_of"])) for version in shown)
    age_s = (as_of_us - newest_us) // US_PER_S
    return f"the newest model is {age_s // 86_400} days old" if age_s >= train_every_s else None


def _present(workspace: Workspace, as_of_us: int | None) -> int:
    with open_warehouse(workspace) as warehouse:
        present = present_us(warehouse.con, workspace.config, as_of_us)
        if as_of_us is None:
            require_fresh(warehouse.con, workspace.config, present)
        return present


def _timed(seconds: dict[str, float], name: str, step: Callable[[], Any]) -> Any:
    started = time.monotonic()
    result = step()
    seconds[name] = time.monotonic() - started
    return result
