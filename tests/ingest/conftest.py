"""A workspace with one source, made from a few lines."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbatool.ingest.load import load
from nbatool.ingest.report import IngestReport
from nbatool.store.warehouse import open_warehouse
from nbatool.store.workspace import Workspace, open_workspace

HEAD = '[workspace]\ncurrency = "USD"\ntimezone = "UTC"\n'


class Shop:
    """A workspace folder, and what is in its warehouse."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def configure(self, text: str) -> Workspace:
        (self.root / "nba.toml").write_text(HEAD + textwrap.dedent(text))
        return open_workspace(self.root)

    def events(self, file: str, *, keys: str = "", **mapped: str) -> Workspace:
        columns = {"customer_id": "id", "ts": "ts", "type": "type", **mapped}
        lines = "\n".join(f"{key} = '''{text}'''" for key, text in columns.items())
        return self.configure(
            f'[[source]]\nname = "shop"\nkind = "events"\nfiles = ["{file}"]\n{keys}\n[source.map]\n{lines}\n'
        )

    def load(self, workspace: Workspace, **options: Any) -> IngestReport:
        return load(workspace, **options)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with open_warehouse(open_workspace(self.root)) as warehouse:
            return warehouse.con.execute(query).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def new_shop(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Shop]:
    return lambda: Shop(tmp_path_factory.mktemp("shop"))
