"""Model versions on disk: written whole or not at all, hashed, checked before loading, one of them champion.

    models/2018-07-01-a41c/manifest.json + the files it names
    models/champion        the champion's version, one line, replaced atomically
    models/champion.log    one JSON line a switch: when, from, to, kind, why

A version's name is its as_of date and the first hex digits of a hash of its content: the same content is the same
version, whenever and however often it is saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbatool.base.clock import parse_time
from nbatool.base.errors import DataError, did_you_mean
from nbatool.base.process import is_alive
from nbatool.models.card import canonical_json, iso_time
from nbatool.store.durable import flush_to_disk, write_to_disk

MANIFEST = "manifest.json"
_CHAMPION, _LOG = "champion", "champion.log"
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{4,64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=@ -]{0,200}")


@dataclass(frozen=True, slots=True)
class Version:
    """A saved version: its name and its manifest (`files`, `as_of`, and what `save` was told)."""

    name: str
    manifest: Mapping[str, Any]


def save(
    models_dir: Path, files: Mapping[str, bytes], *, as_of_us: int, about: Mapping[str, Any], seed: int
) -> str:
    """Write a version and return its name; the same content again changes nothing.

    Parameters
    ----------
    files
        File name → content: model texts and JSON (`to_files` of the models).
    as_of_us
        The moment of the training; the date in the name.
    about
        Feature list, windows, metrics, data fingerprint, package versions: JSON values without any wall-clock time.
    """
    for name in files:
        if not _FILE_NAME.fullmatch(name) or name == MANIFEST:
            raise ValueError(f"not a file name for a model: {name!r}")
    body: dict[str, Any] = {
        "as_of": iso_time(as_of_us),
        "seed": seed,
        "files": {
            name: {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
            for name, raw in sorted(files.items())
        },
        "about": dict(about),
    }
    digest = hashlib.sha256(canonical_json(body)).hexdigest()
    models_dir.mkdir(parents=True, exist_ok=True)
    _sweep(models_dir)
    temporary = models_dir / f".tmp-{digest[:16]}-{os.getpid()}"
    temporary.mkdir()
    for name, raw in files.items():
        write_to_disk(temporary / name, raw)
    write_to_disk(temporary / MANIFEST, canonical_json({**body, "content_sha256": digest}))
    flush_to_disk(temporary)
    version = _place(models_dir, temporary, body["as_of"][:10], digest)
    flush_to_disk(models_dir)
    return version


def _place(models_dir: Path, temporary: Path, date: str, digest: str) -> str:
    """Rename the finished folder to its name; two contents with the same first digits get longer names."""
    for length in range(4, 65, 4):
        version = f"{date}-{digest[:length]}"
        target = models_dir / version
        if target.exists():
            try:
                load_files(models_dir, version)
            except DataError:
                shutil.rmtree(target)  # damaged: what is being saved is its repair
            else:
                if show(models_dir, version).manifest["content_sha256"] != digest:
                    continue
                shutil.rmtree(temporary)
                return version
        temporary.rename(target)
        return version
    raise DataError(f"{models_dir}: every name for content {digest} is taken; remove old versions")


def list_versions(models_dir: Path) -> list[str]:
    """Return the names of all versions, oldest as_of first."""
    if not models_dir.is_dir():
        return []
    return sorted(
        path.name
        for path in models_dir.iterdir()
        if _VERSION.fullmatch(path.name) and (path / MANIFEST).is_file()
    )


def trained_us(models_dir: Path, version: str) -> int:
    """Return when a version was made, in microseconds since 1970 UTC.

    The manifest tells no time, so that the same content is the same version: it is the file's own time, or that of the
    first switch to the version where this is earlier, as with copied folders.
    """
    at = (models_dir / version / MANIFEST).stat().st_mtime_ns // 1_000
    switches = [parse_time(str(e["when"])) for e in champion_log(models_dir) if e["to"] == version]
    return min([at, *switches])


def show(models_dir: Path, version: str) -> Version:
    """Return a version's manifest, checked against the hash in its name.

    Raises
    ------
    DataError
        No such version, or its manifest is damaged.
    """
    path = models_dir / version / MANIFEST
    known = list_versions(models_dir)
    if not _VERSION.fullmatch(version) or version not in known:
        nearest = did_you_mean(version, known)
        raise DataError(f"no model version {version!r} in {models_dir}{nearest}; see nbatool models list")
    damaged = f"{path} is damaged; train again, or roll back (nbatool models rollback)"
    try:
        manifest = json.loads(path.read_bytes())
        body = {key: value for key, value in manifest.items() if key != "content_sha256"}
        digest = hashlib.sha256(canonical_json(body)).hexdigest()
        names = list(manifest["files"])
    except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise DataError(damaged) from error
    if digest != manifest.get("content_sha256") or not digest.startswith(version[11:]):
        raise DataError(damaged)
    if not all(_FILE_NAME.fullmatch(name) for name in names):
        raise DataError(damaged)
    return Version(version, manifest)


def load_files(models_dir: Path, version: str) -> dict[str, bytes]:
    """Return every file of a version, each checked against its hash before anything may load it.

    Raises
    ------
    DataError
        Names the file that is missing or differs.
    """
    files: dict[str, bytes] = {}
    for name, expected in show(models_dir, version).manifest["files"].items():
        path = models_dir / version / name
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise DataError(
                f"{path} is missing or unreadable; train again, or nbatool models rollback"
            ) from error
        if hashlib.sha256(raw).hexdigest() != expected["sha256"]:
            raise DataError(
                f"{path} is damaged: its hash is not the one in {MANIFEST}; train again, or nbatool models rollback"
            )
        files[name] = raw
    return files


def champion(models_dir: Path) -> str | None:
    """Return the champion's version, or None before the first promotion."""
    try:
        text = (models_dir / _CHAMPION).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not _VERSION.fullmatch(text):
        raise DataError(f"{models_dir / _CHAMPION} is damaged; nbatool models promote VERSION mends it")
    return text


def learned_later(models_dir: Path, as_of_us: int) -> str | None:
    """Return the champion where it learned from data after this moment; None too where it is damaged."""
    try:
        current = champion(models_dir)
        if current is None:
            return None
        learned_us = parse_time(str(show(models_dir, current).manifest["as_of"]))
    except DataError:
        return None
    return current if learned_us > as_of_us else None


def promote(
    models_dir: Path, version: str, *, why: str, when_us: int, evidence: Mapping[str, Any] | None = None
) -> bool:
    """Make a version the champion after checking its files; False if it already was.

    Parameters
    ----------
    evidence
        What was measured of it against the champion before it; kept with the switch.
    """
    load_files(models_dir, version)
    try:
        current = champion(models_dir)
    except DataError:
        current = None  # a damaged champion file is mended by promoting
    if current == version:
        return False
    _switch(models_dir, current, version, kind="promote", why=why, when_us=when_us, evidence=evidence)
    return True


def rollback(models_dir: Path, *, why: str, when_us: int) -> str:
    """Return to the champion before this one (again: to the one before that) and return its name.

    Raises
    ------
    DataError
        There is no earlier champion, or its files are damaged.
    """
    current = champion(models_dir)
    earlier = _line_of_champions(models_dir, current)[:-1]
    if current is None or not earlier:
        raise DataError(f"{models_dir}: there is no earlier champion to go back to; see nbatool models list")
    load_files(models_dir, earlier[-1])
    _switch(models_dir, current, earlier[-1], kind="rollback", why=why, when_us=when_us)
    return earlier[-1]


def champion_log(models_dir: Path) -> list[dict[str, Any]]:
    """Return the switches so far, oldest first; a line cut off by a kill is left out."""
    try:
        lines = (models_dir / _LOG).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and isinstance(entry.get("to"), str):
            entries.append(entry)
    return entries


def _line_of_champions(models_dir: Path, current: str | None) -> list[str]:
    """The champions that led to the current one: promotions push, rollbacks pop."""
    line: list[str] = []
    for entry in champion_log(models_dir):
        if entry.get("kind") == "rollback" and entry["to"] in line:
            while line[-1] != entry["to"]:
                line.pop()
        elif not line or line[-1] != entry["to"]:
            line.append(entry["to"])
    # a kill between log and switch leaves an entry that never came true
    while line and line[-1] != current:
        line.pop()
    return line


def _switch(
    models_dir: Path,
    old: str | None,
    new: str,
    *,
    kind: str,
    why: str,
    when_us: int,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    entry: dict[str, Any] = {"when": iso_time(when_us), "from": old, "to": new, "kind": kind, "why": why}
    if evidence is not None:
        entry["evidence"] = dict(evidence)
    log = models_dir / _LOG
    unfinished = log.exists() and not log.read_bytes().endswith(b"\n")
    with log.open("ab") as file:
        file.write((b"\n" if unfinished else b"") + canonical_json(entry))
        file.flush()
        os.fsync(file.fileno())
    temporary = models_dir / f".tmp-champion-{os.getpid()}"
    write_to_disk(temporary, f"{new}\n".encode())
    temporary.replace(models_dir / _CHAMPION)
    flush_to_disk(models_dir)


def _sweep(models_dir: Path) -> None:
    """Remove what killed commands left behind; the temporary of a living process stays."""
    for path in models_dir.glob(".tmp-*"):
        owner = path.name.rpartition("-")[2]
        if owner.isdigit() and int(owner) != os.getpid() and is_alive(int(owner)):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
