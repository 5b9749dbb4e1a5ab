from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nbatool.base.errors import DataError
from nbatool.models import registry

JULY_US = 1_530_403_200_000_000  # 2018-07-01
FILES = {"outcome.json": b'{"a": 1}\n', "outcome-chance.txt": b"tree\n"}


def save(models: Path, files: dict[str, bytes] | None = None, **about: object) -> str:
    return registry.save(models, files or FILES, as_of_us=JULY_US, about=about, seed=0)


def snapshot(models: Path) -> dict[str, bytes]:
    return {str(path.relative_to(models)): path.read_bytes() for path in models.rglob("*") if path.is_file()}


def test_the_same_content_is_the_same_version(tmp_path: Path) -> None:
    version = save(tmp_path, metric=0.5)
    before = snapshot(tmp_path)
    assert re.fullmatch(r"2018-07-01-[0-9a-f]{4}", version)
    assert save(tmp_path, metric=0.5) == version
    assert snapshot(tmp_path) == before
    assert save(tmp_path, metric=0.6) != version
    assert len(registry.list_versions(tmp_path)) == 2
    assert registry.load_files(tmp_path, version) == FILES
    manifest = registry.show(tmp_path, version).manifest
    assert manifest["as_of"] == "2018-07-01T00:00:00Z"
    assert manifest["about"] == {"metric": 0.5}


def test_names_with_equal_first_digits_grow(tmp_path: Path) -> None:
    version = save(tmp_path)
    names = {save(tmp_path, number=number) for number in range(400)} | {version}
    assert len(names) == 401 == len(registry.list_versions(tmp_path))


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_is_named_and_mended_by_saving_again(tmp_path: Path, name: str, damage: str) -> None:
    version = save(tmp_path)
    path = tmp_path / version / name
    if damage == "remove":
        path.unlink()
    else:
        raw = path.read_bytes()
        path.write_bytes(raw[:-1] if damage == "cut" else bytes([raw[0] ^ 1]) + raw[1:])
    with pytest.raises(DataError, match=re.escape(str(path))):
        registry.load_files(tmp_path, version)
    with pytest.raises(DataError):
        registry.promote(tmp_path, version, why="x", when_us=0)
    assert save(tmp_path) == version
    assert registry.load_files(tmp_path, version) == FILES


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[:40],
        lambda raw: raw.replace(b'"seed": 0', b'"seed": 1'),
        lambda raw: raw.replace(b"outcome.json", b"../../secret"),
        lambda _: b"[]",
        lambda _: b"\xff\xfe",
        lambda _: b"[" * 100_000,
    ],
)
def test_a_changed_manifest_is_refused(tmp_path: Path, change: object) -> None:
    version = save(tmp_path)
    path = tmp_path / version / registry.MANIFEST
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match="damaged"):
        registry.load_files(tmp_path, version)


@pytest.mark.parametrize("version", ["nope", "../x", "2018-07-01-0000", ""])
def test_an_unknown_version_is_a_data_error(tmp_path: Path, version: str) -> None:
    save(tmp_path)
    with pytest.raises(DataError, match="no model version"):
        registry.show(tmp_path, version)


def test_promote_and_rollback_walk_the_line_of_champions(tmp_path: Path) -> None:
    a, b, c = (save(tmp_path, number=number) for number in range(3))
    assert registry.champion(tmp_path) is None
    for when, version in enumerate((a, b, c)):
        assert registry.promote(tmp_path, version, why="better", when_us=when)
        assert not registry.promote(tmp_path, version, why="again", when_us=when)
    assert registry.rollback(tmp_path, why="worse", when_us=9) == b
    assert registry.rollback(tmp_path, why="worse", when_us=10) == a == registry.champion(tmp_path)
    with pytest.raises(DataError, match="no earlier champion"):
        registry.rollback(tmp_path, why="worse", when_us=11)
    registry.promote(tmp_path, c, why="fixed", when_us=12)
    assert registry.rollback(tmp_path, why="worse", when_us=13) == a
    log = registry.champion_log(tmp_path)
    assert [entry["kind"] for entry in log] == ["promote"] * 3 + ["rollback"] * 2 + ["promote", "rollback"]
    assert log[0] == {
        "when": "1970-01-01T00:00:00Z",
        "from": None,
        "to": a,
        "kind": "promote",
        "why": "better",
    }


def test_a_switch_that_never_came_true_and_a_cut_line_do_not_mislead(tmp_path: Path) -> None:
    a, b = (save(tmp_path, number=number) for number in range(2))
    registry.promote(tmp_path, a, why="", when_us=0)
    registry.promote(tmp_path, b, why="", when_us=1)
    (tmp_path / "champion").write_text(f"{a}\n")  # as if killed between log and switch
    with (tmp_path / "champion.log").open("ab") as file:
        file.write(b'{"to": "2018-')
    with pytest.raises(DataError, match="no earlier champion"):
        registry.rollback(tmp_path, why="", when_us=2)
    registry.promote(tmp_path, b, why="again", when_us=3)
    assert registry.rollback(tmp_path, why="", when_us=4) == a


def test_a_damaged_champion_file_is_said_and_mended(tmp_path: Path) -> None:
    version = save(tmp_path)
    (tmp_path / "champion").write_text("../../etc\n")
    with pytest.raises(DataError, match="damaged"):
        registry.champion(tmp_path)
    assert registry.promote(tmp_path, version, why="", when_us=0)
    assert registry.champion(tmp_path) == version


def test_killed_at_any_step_a_save_leaves_before_or_after(tmp_path: Path) -> None:
    """A process dies at its k-th file operation; what is listed loads whole, and saving again finishes."""
    code = """
import os, sys
from pathlib import Path
from nbatool.models import registry
steps = int(sys.argv[2])
def dying(real):
    def call(*args, **kwargs):
        global steps
        steps -= 1
        if steps < 0:
            os._exit(9)
        return real(*args, **kwargs)
    return call
for name in ("rename", "replace", "fsync", "open"):
    setattr(os, name, dying(getattr(os, name)))
for name in ("rename", "replace", "mkdir", "open"):
    setattr(Path, name, dying(getattr(Path, name)))
models = Path(sys.argv[1])
version = registry.save(models, {"a.txt": b"1" * 5000, "b.json": b"2"}, as_of_us=0, about={}, seed=0)
registry.promote(models, version, why="", when_us=0)
print(version)
"""
    finished = 0
    for steps in range(24):
        models = tmp_path / str(steps)
        for attempt in (steps, 99):
            command = [sys.executable, "-c", code, str(models), str(attempt)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode in (0, 9), done.stderr
            for version in registry.list_versions(models):
                assert set(registry.load_files(models, version)) == {"a.txt", "b.json"}
            assert registry.champion(models) in (None, *registry.list_versions(models))
        finished += done.returncode == 0
        assert registry.champion(models) == done.stdout.strip()
        assert not list(models.glob(".tmp*"))
    assert finished == 24


def test_odd_file_names_are_refused(tmp_path: Path) -> None:
    for name in ("../x", "a/b", ".hidden", "manifest.json", ""):
        with pytest.raises(ValueError, match="file name"):
            save(tmp_path, {name: b""})


def test_a_champion_of_later_data_is_told_from_an_earlier_one(tmp_path: Path) -> None:
    assert registry.learned_later(tmp_path, JULY_US) is None
    version = save(tmp_path)
    registry.promote(tmp_path, version, why="", when_us=0)
    assert registry.learned_later(tmp_path, JULY_US - 1) == version
    assert registry.learned_later(tmp_path, JULY_US) is None
    # what cannot be read cannot stay: training mends it
    (tmp_path / version / "manifest.json").write_bytes(b"{")
    assert registry.learned_later(tmp_path, JULY_US - 1) is None
    (tmp_path / "champion").write_text("?")
    assert registry.learned_later(tmp_path, JULY_US - 1) is None
