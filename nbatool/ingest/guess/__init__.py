r"""Look at files, guess a workspace from them, and write it as nba.toml.

>>> from pathlib import Path
>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> rows = "user_id,event,when,amount\n" + "".join(f"u{i % 3},purchase,2024-01-0{i + 1},{i}.5\n" for i in range(6))
>>> _ = (folder / "shop.csv").write_text(rows)
>>> guess = guess_workspace([folder / "shop.csv"], folder)
>>> guess.sources[0].kind, guess.roles
('events', {'purchase': ('purchase',)})
"""

from __future__ import annotations

from nbatool.ingest.guess.records import Guess
from nbatool.ingest.guess.report import render_report
from nbatool.ingest.guess.toml import render_toml
from nbatool.ingest.guess.workspace import guess_workspace

__all__ = ["Guess", "guess_workspace", "render_report", "render_toml"]
