"""Which line of a TOML file each key stands on; the standard reader gives values only.

The text must already have been read by ``tomllib``: this reader trusts it and looks at structure alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ENDS_BARE_VALUE = set(",]}#\n")


def key_lines(text: str) -> dict[KeyPath, int]:
    r"""Return the 1-based line of every table and key.

    Tables of an array are numbered from 0, elements of an array value likewise.

    >>> key_lines('[a]\nb.c = 1\n[[d]]\n[[d]]\ne = [{ f = 1 }]')[("d", 1, "e", 0, "f")]
    5
    """
    reader = _Reader(text)
    reader.read_document()
    return reader.lines


@dataclass
class _Reader:
    text: str
    at: int = 0
    line: int = 1
    lines: dict[KeyPath, int] = field(default_factory=dict)
    lengths: dict[KeyPath, int] = field(default_factory=dict)

    def read_document(self) -> None:
        table: KeyPath = ()
        while self.skip_blanks(newlines=True):
            if self.text.startswith("[[", self.at):
                self.forward(2)
                table = self.array_element(self.read_key())
                self.forward(2)
            elif self.peek() == "[":
                self.forward(1)
                table = self.resolve(self.read_key())
                self.forward(1)
            else:
                self.read_pair(table)

    def array_element(self, key: KeyPath) -> KeyPath:
        array = (*self.resolve(key[:-1]), key[-1])
        index = self.lengths.get(array, 0)
        self.lengths[array] = index + 1
        self.mark(array)
        self.mark((*array, index))
        return (*array, index)

    def resolve(self, key: KeyPath) -> KeyPath:
        """Return the path of a header's key: below an array of tables it means the last one."""
        path: KeyPath = ()
        for part in key:
            path = (*path, part)
            self.mark(path)
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def read_pair(self, table: KeyPath) -> None:
        line = self.line
        key = self.read_key()
        for length in range(1, len(key) + 1):
            self.lines.setdefault((*table, *key[:length]), line)
        self.skip_blanks()
        self.forward(1)  # the equals sign
        self.skip_blanks()
        self.read_value((*table, *key))

    def read_key(self) -> KeyPath:
        parts: list[str] = []
        while True:
            self.skip_blanks()
            if self.peek() in "\"'":
                parts.append(self.read_string())
            else:
                match = _BARE.match(self.text, self.at)
                assert match is not None, "read by tomllib before"
                parts.append(match[0])
                self.forward(len(match[0]))
            self.skip_blanks()
            if self.peek() != ".":
                return tuple(parts)
            self.forward(1)

    def read_value(self, path: KeyPath) -> None:
        start = self.peek()
        if start in "\"'":
            self.read_string()
        elif start == "[":
            self.read_array(path)
        elif start == "{":
            self.read_inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _ENDS_BARE_VALUE:
                self.forward(1)

    def read_array(self, path: KeyPath) -> None:
        self.forward(1)
        index = 0
        while self.skip_blanks(newlines=True) and self.peek() != "]":
            if self.peek() == ",":
                self.forward(1)
                continue
            self.mark((*path, index))
            self.read_value((*path, index))
            index += 1
        self.forward(1)

    def read_inline_table(self, path: KeyPath) -> None:
        self.forward(1)
        while self.skip_blanks(newlines=True) and self.peek() != "}":
            if self.peek() == ",":
                self.forward(1)
            else:
                self.read_pair(path)
        self.forward(1)

    def read_string(self) -> str:
        quote = self.text[self.at]
        end = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.forward(len(end))
        start = self.at
        while not self.text.startswith(end, self.at):
            self.forward(2 if quote == '"' and self.peek() == "\\" else 1)
        content = self.text[start : self.at]
        self.forward(len(end))
        while len(end) == 3 and self.peek() == quote:  # up to two quotes may stand before the closing three
            self.forward(1)
        return content

    def skip_blanks(self, *, newlines: bool = False) -> bool:
        """Move past blanks (and newlines and comments, if asked for); say whether anything is left."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in " \t" or (newlines and char in "\r\n"):
                self.forward(1)
            elif newlines and char == "#":
                end = self.text.find("\n", self.at)
                self.forward((end if end >= 0 else len(self.text)) - self.at)
            else:
                return True
        return False

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def forward(self, count: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def mark(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.line)
