"""Pydantic's errors in the words of nba.toml: table, key, what was found, what is allowed."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from nbatool.base.errors import did_you_mean
from nbatool.base.setting_types import kind_of, shown
from nbatool.base.toml_lines import KeyPath

WANTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "date_type": "a date without quotes, such as 2018-07-01",
    "path_type": "a file's path, as text",
}
"""What was wanted, by pydantic's name of the error."""


def sentence(error: ErrorDetails, model: type[BaseModel]) -> tuple[KeyPath, str]:
    """Return where an error of `model` stands (keys below the model) and what it says."""
    keys: KeyPath = tuple(error["loc"])
    context: Mapping[str, Any] = error.get("ctx", {})
    name = ".".join(str(key) for key in keys if isinstance(key, str))
    found = error["input"]
    match error["type"]:
        case "extra_forbidden":
            allowed = allowed_keys(model, keys[:-1])
            guess = nearest_key(str(keys[-1]), allowed) or f" (allowed: {', '.join(allowed)})"
            return keys, f'unknown key "{keys[-1]}"{guess}'
        case "missing":
            return keys, f'"{keys[-1]}" is missing'
        case "literal_error":
            allowed = literal_values(model, keys)
            nearest = did_you_mean(found, allowed) if isinstance(found, str) else ""
            return keys, f"{name} = {shown(found)} is not known{nearest} (allowed: {', '.join(allowed)})"
        case "nba":
            if "at" in context:
                keys = (*keys, context["at"])
                name = f"{name}.{context['at']}" if isinstance(context["at"], str) else name
            return keys, f"{name}: {context['message']}"
        case "value_error":
            return keys, f"{name}: {context['error']}"
        case kind if kind in WANTED:
            value = shown(found) if isinstance(found, str | int | float) else kind_of(found)
            return keys, f"{name}: must be {WANTED[kind]}, not {value}"
        case _:
            text = error["msg"].replace("Input should be", "must be")
            return keys, f"{name}: {text[:1].lower()}{text[1:]} (is {shown(found)})"


def nearest_key(found: str, allowed: list[str]) -> str:
    """Return the guess at a mistyped key; a table has few keys, so a far guess is still a good one.

    >>> nearest_key("windw", ["name", "within"])
    '; did you mean "within"?'
    """
    near = difflib.get_close_matches(found, allowed, n=1, cutoff=0.5)
    return did_you_mean(near[0], near) if near else ""


def allowed_keys(model: type[BaseModel], keys: KeyPath) -> list[str]:
    """Return the keys allowed in the table that `keys` leads to from `model`."""
    inner = _annotation(model, keys)
    return [field.alias or name for name, field in inner.model_fields.items()] if _is_model(inner) else []


def literal_values(model: type[BaseModel], keys: KeyPath) -> list[str]:
    """Return the texts allowed for the key that `keys` leads to."""
    values = typing.get_args(_annotation(model, keys))
    return [str(value) for value in values]


def _annotation(model: type[BaseModel], keys: KeyPath) -> Any:
    inner: Any = model
    for key in keys:
        if _is_model(inner):
            fields = {field.alias or name: field for name, field in inner.model_fields.items()}
            inner = _plain(fields[str(key)].annotation)
        else:  # into a list or a table of free names: what it holds
            inner = _plain([part for part in typing.get_args(inner) if part is not Ellipsis][-1])
    return inner


def _plain(annotation: Any) -> Any:
    """Return the annotation without Annotated and without `| None`."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kept = [part for part in typing.get_args(annotation) if part is not type(None)]
        return _plain(kept[0]) if len(kept) == 1 else annotation
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
