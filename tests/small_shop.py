"""A workspace made from a few lines, and what is in its warehouse."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

from nbatool.ingest.load import load
from nbatool.ingest.report import IngestReport
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace, open_workspace

HEAD = '[workspace]\ncurrency = "USD"\ntimezone = "UTC"\n'
EVENT = {"customer_id": "id", "ts": "ts", "type": "type"}


def source(
    file: str, *, name: str = "shop", kind: str = "events", keys: str = "", **mapped: str | list[str]
) -> str:
    """Return a ``[[source]]`` of nba.toml; `keys` are further lines of it."""
    lines = "\n".join(
        f"{key} = {json.dumps(said)}" if isinstance(said, list) else f"{key} = '''{said}'''"
        for key, said in mapped.items()
    )
    return (
        f'[[source]]\nname = "{name}"\nkind = "{kind}"\nfiles = ["{file}"]\n{keys}\n[source.map]\n{lines}\n'
    )


def log_source(file: str) -> str:
    """Return the source ``log`` of decisions in a file of the columns d, id, ts and action."""
    return source(
        file, name="log", kind="decisions", decision_id="d", customer_id="id", ts="ts", action_id="action"
    )


class Shop:
    """A workspace's folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def configure(self, text: str) -> Workspace:
        (self.root / "nba.toml").write_text(HEAD + textwrap.dedent(text))
        return open_workspace(self.root)

    def events(self, file: str, *, keys: str = "", **mapped: str | list[str]) -> Workspace:
        return self.configure(source(file, keys=keys, **{**EVENT, **mapped}))

    def load(self, workspace: Workspace, **options: Any) -> IngestReport:
        return load(workspace, **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with open_warehouse(open_workspace(self.root)) as warehouse:
            return warehouse.con.execute(query).fetchall()
