"""``nbatool models``: the versions, what is in each, and which one is in force."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from nbatool.base.clock import format_time, now_us
from nbatool.cli.command import EPILOG, as_group
from nbatool.cli.session import current
from nbatool.cli.table import Column, table_text

MOST_SWITCHES = 5

app = typer.Typer(name="models", no_args_is_help=True, rich_markup_mode=None, add_completion=False)

Name = Annotated[str, typer.Argument(metavar="VERSION", help="As `nbatool models list` shows it.")]
Why = Annotated[str, typer.Option("--why", help="Kept in the log of switches.")]


@app.callback()
def models() -> None:
    """List, show, promote and roll back model versions.

    Example:  nbatool models list
    """


@app.command("list", epilog=EPILOG)
def list_(context: typer.Context) -> None:
    """All versions, oldest first, and how good each is; which is in force, which waits for evidence, and every switch.

    Example:  nbatool models list --json
    """
    from nbatool.measure.promotion import challengers_of
    from nbatool.models import registry
    from nbatool.report.version_quality import quality_figures, quality_text

    session = current(context)
    workspace, models_dir = session.workspace, session.workspace.models_dir
    in_force = registry.champion(models_dir)
    # Without [promotion] nothing waits: what was trained took over, or was passed over.
    waiting = challengers_of(workspace) if workspace.config.promotion is not None else []
    versions: list[dict[str, Any]] = []
    names = registry.list_versions(models_dir)
    for name in sorted(names, key=lambda name: (registry.trained_us(models_dir, name), name)):
        manifest = registry.show(models_dir, name).manifest
        versions.append(
            {
                "version": name,
                "trained_at": format_time(registry.trained_us(models_dir, name)),
                "as_of": manifest.get("as_of"),
                "champion": name == in_force,
                "challenger": name in waiting,
                "quality": quality_figures(manifest),
            }
        )
    rows = [
        (_standing(v), v["version"], v["trained_at"], v["as_of"], quality_text(v["quality"]))
        for v in versions
    ]
    columns = [
        Column(""), Column("version"), Column("trained"), Column("as of", day=True), Column("quality", wrap=True),
    ]  # fmt: skip
    switches = registry.champion_log(models_dir)
    text = table_text(columns, rows) if rows else "No model yet: nbatool train"
    if switches:
        text += f"\n\n{_switches_text(switches)}"
    session.console.data({"champion": in_force, "versions": versions, "switches": switches}, text)


def _standing(version: dict[str, Any]) -> str:
    return "in force" if version["champion"] else "challenger" if version["challenger"] else ""


def _switches_text(switches: list[dict[str, Any]]) -> str:
    """The newest switches, the last one at the end: when, to what, and on what evidence."""
    shown = switches[-MOST_SWITCHES:]
    rows = [(s.get("when"), s.get("kind"), s["to"], " ".join(str(s.get("why") or "").split())) for s in shown]
    columns = [Column("switched"), Column(""), Column("to"), Column("why", wrap=True)]
    more = len(switches) - len(shown)
    earlier = f"\n{more} earlier: nbatool models list --json" if more else ""
    return table_text(columns, rows) + earlier


@app.command(epilog=EPILOG)
def show(context: typer.Context, version: Name) -> None:
    """A version's model card: data, features, windows, metrics.

    Example:  nbatool models show 2018-07-01-a41c
    """
    from nbatool.models import registry
    from nbatool.models.bundle import CARD_FILE
    from nbatool.report.model_card import card_text

    session = current(context)
    models_dir = session.workspace.models_dir
    manifest = registry.show(models_dir, version).manifest
    files = registry.load_files(models_dir, version)
    switches = [s for s in registry.champion_log(models_dir) if s["to"] == version]
    result: dict[str, Any] = {
        "version": version,
        "champion": version == registry.champion(models_dir),
        "switches": switches,
        **manifest,
    }
    since = _switched(switches, session.console.width)
    if CARD_FILE not in files:
        session.console.data(result, "\n".join([f"version: {version}", *since, *_lines(manifest)]))
        return
    card = json.loads(files[CARD_FILE])
    standing = ", in force" if result["champion"] else ""
    lines = [f"version  {version}{standing}", *since, card_text(card, session.console.width)]
    session.console.data({**result, "card": card}, "\n".join(lines))


def _switched(switches: list[dict[str, Any]], width: int) -> list[str]:
    """When a version came into force, and on what evidence."""
    from nbatool.report.figures import minute_text
    from nbatool.report.tables import paragraph

    said = [
        f"{minute_text(s.get('when'))}{' (rollback)' if s.get('kind') == 'rollback' else ''}: {s.get('why')}"
        for s in switches
    ]
    return [line for each in said for line in paragraph(each, first="switched ", indent=0, width=width)]


@app.command(epilog=EPILOG)
def promote(context: typer.Context, version: Name, why: Why = "by hand") -> None:
    """Make a version the one in force, after checking its files.

    Example:  nbatool models promote 2018-07-01-a41c --why "better on the holdout"
    """
    from nbatool.models import registry

    session = current(context)
    with session.lock("models promote"):
        changed = registry.promote(session.workspace.models_dir, version, why=why, when_us=now_us())
    said = "is now in force" if changed else "was in force already"
    session.console.summary({"champion": version, "changed": changed}, f"{version} {said}")


@app.command(epilog=EPILOG)
def rollback(context: typer.Context, why: Why = "by hand") -> None:
    """Go back to the version that was in force before.

    Example:  nbatool models rollback --why "too many contacts"
    """
    from nbatool.models import registry

    session = current(context)
    with session.lock("models rollback"):
        version = registry.rollback(session.workspace.models_dir, why=why, when_us=now_us())
    session.console.summary({"champion": version}, f"{version} is in force again")


command = as_group(app)


def _lines(value: Any, indent: str = "") -> list[str]:
    """Return nested JSON as indented ``key: value`` lines."""
    lines: list[str] = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines += [f"{indent}{key}:", *_lines(item, indent + "  ")]
        else:
            shown = ", ".join(str(part) for part in item) if isinstance(item, list) else item
            lines.append(f"{indent}{key}: {shown}")
    return lines
