"""Where Sparkify sends statements to a warehouse: found in its source, and noted when a statement comes from there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest
from redshift_connector.core import Connection
from redshift_connector.cursor import Cursor

import sparkify
from sparkify.engines.redshift.engine import RedshiftEngine

SOURCE = Path(sparkify.__file__).parent
METHODS = ("execute", "execute_named", "query", "stream")
_OTHERS = ("engines/duckdb/", "engines/postgres/", "generate/")
"""What never runs where the warehouse is Redshift."""


class Site(NamedTuple):
    """A call: its file below the package, what is called, in which function, and where the call ends."""

    file: str
    call: str
    function: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.call}"


def sites_in(source: str, file: str) -> Iterator[Site]:
    """The calls of `execute`, `execute_named`, `query` and `stream` in a source text, of whatever object.

    A method that is handed on to be called elsewhere is one too; its `call` ends with `…`.
    """
    return _sites_below(ast.parse(source), file, "")


def _sites_below(node: ast.AST, file: str, function: str) -> Iterator[Site]:
    if isinstance(node, ast.FunctionDef):
        function = node.name
    called = node.func if isinstance(node, ast.Call) else None
    if called is not None and _is_method(called):
        yield _site(node, ast.unparse(called), file, function)
    for child in ast.iter_child_nodes(node):
        if child is not called and _is_method(child):
            yield _site(child, f"{ast.unparse(child)}…", file, function)
        yield from _sites_below(child, file, function)


def _is_method(node: ast.AST) -> bool:
    """Whether it is one of the methods; a function that gets one keeps it under its name, with a line before it."""
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr.lstrip("_") in METHODS


def _site(node: ast.AST, call: str, file: str, function: str) -> Site:
    line, column = getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)
    return Site(file, call, function, line, column)


@cache
def all_sites() -> set[Site]:
    """The calls in the package that may run on Redshift."""
    files = (path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
    return {
        site
        for file in files
        if not file.startswith(_OTHERS)
        for site in sites_in((SOURCE / file).read_text("utf-8"), file)
    }


class Record:
    """What each connection sent, as the driver was given it, and from which places in the package."""

    def __init__(self) -> None:
        self.sent: list[tuple[Connection, list[str]]] = []
        self.places: set[tuple[str, int, int]] = set()

    def of(self, connection: Connection) -> list[str]:
        """What a connection sent, in order."""
        for known, statements in self.sent:
            if known is connection:
                return statements
        self.sent.append((connection, []))
        return self.sent[-1][1]

    def reached(self, site: Site) -> bool:
        """Whether something was sent from there."""
        return (site.file, site.line, site.column) in self.places

    def note(self, frame: FrameType) -> None:
        """Note the call that a frame is at, if it is one of the package."""
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(SOURCE):
            _, line, _, column = next(islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
            self.places.add((path.relative_to(SOURCE).as_posix(), line or 0, column or 0))


@contextmanager
def recorded() -> Iterator[Record]:
    """Keep what the Redshift engine sends in this process, and where it was told to."""
    record = Record()

    def noting(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            record.note(sys._getframe(1))
            return method(*arguments, **named)

        return call

    execute = Cursor.execute

    def send(self: Cursor, operation: str, *arguments: Any, **named: Any) -> Any:
        record.note(sys._getframe(1))
        assert self._c is not None
        record.of(self._c).append(operation)
        return execute(self, operation, *arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        for name in METHODS:
            patch.setattr(RedshiftEngine, name, noting(getattr(RedshiftEngine, name)))
        patch.setattr(Cursor, "execute", send)
        yield record
