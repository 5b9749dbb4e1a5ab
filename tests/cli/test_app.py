"""The door: one line and the right exit code for whatever goes wrong."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nbatool as package
from nbatool.base import errors
from nbatool.cli import app

Nbatool = Callable[..., tuple[int, str, str]]


def test_version(nbatool: Nbatool) -> None:
    assert nbatool("--version") == (0, f"nbatool {package.__version__}\n", "")


@pytest.mark.parametrize("arguments", [("--help",), ("status", "--help"), ("models", "--help"), ()])
def test_help_goes_to_stdout(arguments: tuple[str, ...], nbatool: Nbatool) -> None:
    code, out, err = nbatool(*arguments)
    assert (code, err) == (0, "")
    assert out.startswith("Usage: nbatool")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("stauts",), 'no command "stauts"; did you mean "status"? (nbatool --help lists the'),
        (("status", "--rejcts"), "nbatool status: no such option: --rejcts"),
        (("status", "--limit", "0"), "nbatool status: invalid value for '--limit'"),
        (("models", "show"), "nbatool models show: missing argument 'VERSION'"),
        (("models", "promot"), "nbatool models: no such command 'promot'"),
    ],
)
def test_usage_errors_are_one_line(arguments: tuple[str, ...], line: str, nbatool: Nbatool) -> None:
    code, out, err = nbatool(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(line)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.ConfigError("x"), 3),
        (errors.DataError("x"), 4),
        (errors.GateError("x"), 5),
        (errors.BusyError("x"), 6),
        (PermissionError(13, "Permission denied", "/root/x"), 4),
    ],
)
def test_what_is_the_users_to_mend(
    error: Exception, code: int, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: object) -> int:
        raise error

    monkeypatch.setattr(app, "_run", fail)
    expected = "/root/x: Permission denied\n" if isinstance(error, OSError) else "x\n"
    assert nbatool("status") == (code, "", expected)


@pytest.mark.parametrize(
    ("error", "code", "name", "message"),
    [
        (errors.UsageError("x"), 2, "usage", "x"),
        (errors.ConfigError("x"), 3, "config", "x"),
        (errors.DataError("é"), 4, "data", "é"),
        (errors.GateError("x"), 5, "gate", "x"),
        (errors.BusyError("x"), 6, "busy", "x"),
        (PermissionError(13, "Permission denied", "/root/x"), 4, "data", "/root/x: Permission denied"),
        (KeyboardInterrupt(), 130, "stopped", "stopped; what was in force stays in force"),
        (ZeroDivisionError("by zero"), 1, "bug", "ZeroDivisionError: by zero"),
    ],
)
def test_with_json_an_error_is_an_object_too(
    error: BaseException,
    code: int,
    name: str,
    message: str,
    nbatool: Nbatool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(arguments: object) -> int:
        raise error

    monkeypatch.setattr(app, "_run", fail)
    found, out, err = nbatool("status", "--json")
    assert (found, json.loads(out)) == (code, {"error": {"code": name, "message": message}})
    assert message in err
    assert nbatool("status", "--", "--json")[:2] == (code, "")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_no_file_name_hides_its_error(encoding: str, monkeypatch: pytest.MonkeyPatch, shop: Path) -> None:
    """A name that is no text, on streams that know few letters."""
    message = os.fsdecode(b"caf\xff.csv") + " \u20ac"

    def fail(arguments: object) -> int:
        raise errors.DataError(message)

    monkeypatch.setattr(app, "_run", fail)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert app.run(["status", "--json"]) == 4
    assert json.loads(out.buffer.getvalue()) == {"error": {"code": "data", "message": message}}  # type: ignore[attr-defined]
    assert err.buffer.getvalue().startswith(b"caf\\udcff.csv ")  # type: ignore[attr-defined]


def test_a_usage_error_is_json_before_the_options_are_read(nbatool: Nbatool) -> None:
    code, out, err = nbatool("--json", "stauts")
    assert (code, json.loads(out)["error"]["code"]) == (2, "usage")
    assert json.loads(out)["error"]["message"] == err.rstrip()


def test_a_bug_keeps_its_trace(nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: object) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(app, "_run", fail)
    code, out, err = nbatool("status")
    assert (code, out) == (1, "")
    assert "Traceback" in err
    assert "ZeroDivisionError: division by zero" in err
    assert "This is a bug of nbatool" in err


def test_every_problem_of_the_configuration_has_a_line(shop: Path, nbatool: Nbatool) -> None:
    (shop / "nba.toml").write_text('[workspace]\ncurency = "USD"\n[clv]\nmargin = "x"\n')
    code, out, err = nbatool("status")
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        'nba.toml:2: [workspace] unknown key "curency"; did you mean "currency"?',
        'nba.toml:4: [clv] margin: must be a number, not "x"',
    ]


def test_no_workspace_says_how_to_get_one(
    tmp_path: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBATOOL_WORKSPACE", raising=False)
    code, _, err = nbatool("status")
    assert code == 3
    assert "nbatool init" in err


def test_global_options_before_and_after(
    shop: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    before = nbatool("-w", str(shop), "--json", "status")
    after = nbatool("status", "--json", "-w", str(shop))
    assert before == after
    assert json.loads(before[1])["workspace"] == str(shop)


def test_a_closed_pipe_is_quiet(shop: Path, nbatool_process: Callable[..., subprocess.Popen[str]]) -> None:
    process = nbatool_process("doctor", cwd=shop)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == ""
    assert process.wait() == 0


def test_control_c_is_one_line(
    shop: Path, nbatool: Nbatool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(arguments: object) -> int:
        signal.raise_signal(signal.SIGINT)
        return 0

    monkeypatch.setattr(app, "_run", interrupted)
    assert nbatool("status") == (130, "", "stopped; what was in force stays in force\n")


def test_completion_knows_the_commands(
    nbatool_process: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise Typer looks which shell started the test, and make starts it from sh.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    process = nbatool_process("--show-completion", "bash")
    out, _ = process.communicate()
    assert process.returncode == 0
    assert "_NBATOOL_COMPLETE" in out
