"""nba.toml, read and checked: every problem at once, each with its line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from nbatool.base import config_checks
from nbatool.base.action_settings import Action, Catalogue
from nbatool.base.config_words import sentence
from nbatool.base.errors import ConfigError, Problem, did_you_mean
from nbatool.base.guardrail_settings import Guardrails
from nbatool.base.learning_settings import Evaluate, Experiment, Exploration, Learning, Promotion
from nbatool.base.setting_types import Table, kind_of
from nbatool.base.settings import (
    Clv,
    Config,
    Feature,
    Objective,
    Roles,
    Target,
    Workspace,
    nearest_line,
    shown_path,
)
from nbatool.base.source_settings import Source
from nbatool.base.toml_lines import KeyPath, key_lines

__all__ = [
    "Action", "Catalogue", "Clv", "Config", "Evaluate", "Experiment", "Exploration", "Feature", "Guardrails", "Learning",
    "Objective",
    "Promotion", "Roles", "Source", "Target", "Workspace", "config_schema", "load_config",
]  # fmt: skip

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SINGLE: dict[str, type[Table]] = {
    "workspace": Workspace,
    "roles": Roles,
    "clv": Clv,
    "catalogue": Catalogue,
    "exploration": Exploration,
    "experiment": Experiment,
    "evaluate": Evaluate,
    "promotion": Promotion,
    "learning": Learning,
    "guardrails": Guardrails,
}
_ARRAYS: dict[str, type[Table]] = {
    "source": Source,
    "objective": Objective,
    "target": Target,
    "feature": Feature,
    "action": Action,
}
_Model = TypeVar("_Model", bound=Table)


def load_config(path: Path) -> Config:
    """Read nba.toml.

    ``${VAR}`` in texts comes from the environment; paths become absolute, relative ones below the file's folder.

    Raises
    ------
    ConfigError
        With all problems of the file, in the order of their lines.
    """
    return _Loading(path).config()


def config_schema() -> dict[str, Any]:
    """Return the JSON schema of nba.toml, for editors that complete TOML."""
    schema = Config.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "nba.toml"}


class _Loading:
    """One reading of one file: its values, its lines, and the problems found so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[tuple[KeyPath, str]] = []
        text = self.read_text()
        try:
            self.data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([self.syntax_problem(str(error), text)]) from None
        self.lines = key_lines(text)

    def config(self) -> Config:
        self.data = self.substituted(self.data, ())
        known = (*_SINGLE, *_ARRAYS)
        for key in self.data:
            if key not in known:
                self.found.append(((key,), f"unknown table [{key}]{did_you_mean(key, known)}"))
        single = {key: self.single(key, model) for key, model in _SINGLE.items() if key in self.data}
        arrays = {key: self.array(key, model) for key, model in _ARRAYS.items()}
        self.found += config_checks.repeated_names(self.data)
        actions = [(index, action) for index, action in arrays["action"] if isinstance(action, Action)]
        catalogue = single.get("catalogue", Catalogue())
        if isinstance(catalogue, Catalogue):
            self.found += config_checks.action_channels(actions, catalogue)
            guardrails = single.get("guardrails", Guardrails())
            if isinstance(guardrails, Guardrails):
                self.found += config_checks.limits_need_nothing(actions, catalogue, guardrails)
        self.found += config_checks.action_targets(actions, self.data)
        objectives = [(index, o) for index, o in arrays["objective"] if isinstance(o, Objective)]
        roles = single.get("roles", Roles())
        if isinstance(roles, Roles):
            self.found += config_checks.lifetime_value(objectives, roles)
        if self.found:
            raise ConfigError(sorted(self.problems(), key=lambda problem: problem.line or 0))
        return self.finished(Config.model_validate(self.data))

    def finished(self, config: Config) -> Config:
        folder = self.path.resolve().parent
        sources = tuple(
            source.model_copy(
                update={
                    "files": tuple(folder / file for file in source.files),
                    "lookup": {
                        name: lookup.model_copy(update={"file": folder / lookup.file})
                        for name, lookup in source.lookup.items()
                    },
                }
            )
            for source in config.sources
        )
        catalogue = config.catalogue
        if catalogue.file is not None:
            catalogue = catalogue.model_copy(update={"file": folder / catalogue.file})
        config = config.model_copy(update={"sources": sources, "catalogue": catalogue})
        if config.evaluate.rules is not None:
            rules = config.evaluate.model_copy(update={"rules": folder / config.evaluate.rules})
            config = config.model_copy(update={"evaluate": rules})
        return config.at(self.path, self.lines)

    def read_text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ConfigError(f"{shown_path(self.path)} does not exist. `nbatool init` writes one") from None
        except IsADirectoryError:
            raise ConfigError(f"{shown_path(self.path)} is a folder, not a file") from None
        except UnicodeDecodeError as error:
            line = self.path.read_bytes()[: error.start].count(b"\n") + 1
            raise ConfigError([Problem("not UTF-8 text", shown_path(self.path), line)]) from None
        except OSError as error:
            raise ConfigError(f"{shown_path(self.path)} cannot be read: {error.strerror}") from None

    def syntax_problem(self, message: str, text: str) -> Problem:
        match = re.search(r"\(at line (\d+), column (\d+)\)|\(at end of document\)", message)
        line = int(match[1]) if match and match[1] else text.rstrip().count("\n") + 1
        said = message[: match.start()].strip() if match else message
        column = f" (column {match[2]})" if match and match[2] else ""
        return Problem(f"not valid TOML: {said}{column}", shown_path(self.path), line)

    def substituted(self, value: Any, keys: KeyPath) -> Any:
        """Return the value with ``${VAR}`` replaced in every text below it."""
        if isinstance(value, dict):
            return {key: self.substituted(item, (*keys, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.substituted(item, (*keys, index)) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        for variable in dict.fromkeys(_VARIABLE.findall(value)):
            if variable not in os.environ:
                self.found.append((keys, f"the environment variable {variable} is not set"))
        return _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), value)

    def single(self, key: str, model: type[_Model]) -> _Model | None:
        return self.validated((key,), self.data[key], model)

    def array(self, key: str, model: type[_Model]) -> list[tuple[int, _Model]]:
        entries = self.data.get(key, [])
        if not isinstance(entries, list):
            self.found.append(((key,), f"[{key}] must be written [[{key}]]: there can be several"))
            return []
        valid = [(index, self.validated((key, index), entry, model)) for index, entry in enumerate(entries)]
        return [(index, entry) for index, entry in valid if entry is not None]

    def validated(self, table: KeyPath, value: Any, model: type[_Model]) -> _Model | None:
        if not isinstance(value, Mapping):
            self.found.append((table, f"[{table[0]}] must be a table, not {kind_of(value)}"))
            return None
        try:
            valid = model.model_validate(value)
        except ValidationError as failure:
            for error in failure.errors(include_url=False):
                keys, message = sentence(error, model)
                self.found.append(((*table, *keys), self.labelled(table, keys, message)))
            return None
        for keys, message in _misfits(valid):
            self.found.append(((*table, *keys), self.labelled(table, keys, message)))
        return valid

    def labelled(self, table: KeyPath, keys: KeyPath, message: str) -> str:
        """Return the message behind the name of the innermost table that the file writes as a table."""
        inner = (*table, *keys[:-1])
        while len(inner) > len(table) and not isinstance(self.at(inner), dict):
            inner = inner[:-1]
        shown = ".".join(str(key) for key in inner[len(table) :])
        return config_checks.label(inner, self.data) + message.removeprefix(f"{shown}." if shown else "")

    def at(self, keys: KeyPath) -> Any:
        value: Any = self.data
        for key in keys:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def problems(self) -> Iterator[Problem]:
        for keys, message in dict.fromkeys(self.found):
            yield Problem(message, shown_path(self.path), nearest_line(self.lines, keys))


def _misfits(table: Table) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(
        table,
        Source
        | Objective
        | Feature
        | Clv
        | Catalogue
        | Action
        | Exploration
        | Experiment
        | Evaluate
        | Guardrails,
    ):
        yield from table.problems()
