"""A reader of SQL tokens, for the statements that sqlglot does not read: COPY, LOCK, table attributes."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.redshift.standin.wire import ServerError

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<word>[A-Za-z_\x80-\U0010ffff][\w$]*)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<parameter>\$\d+)
    |(?P<sign>::|<=|>=|<>|!=|\|\||!~\*|!~|~\*|.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of a statement: its kind (string, quoted, word, number, parameter, sign), text and place."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """A word in capitals; other tokens as they are."""
        return self.text.upper() if self.kind == "word" else self.text

    @property
    def value(self) -> str:
        """What a string or a quoted name stands for."""
        mark = self.text[0]
        return self.text[1:-1].replace(mark * 2, mark) if self.kind in ("string", "quoted") else self.text


def tokens_of(sql: str) -> list[Token]:
    """The tokens of a statement; a semicolon at its end does not count."""
    found = []
    for match in _TOKEN.finditer(sql):
        kind = str(match.lastgroup)
        if kind != "space":
            found.append(Token(kind, match[0], match.start(), match.end()))
    while found and found[-1].text == ";":
        found.pop()
    if any(token.text == ";" for token in found):
        raise ServerError("42601", "cannot insert multiple commands into a prepared statement")
    return found


def syntax_error(near: str) -> ServerError:
    """The error of a parser."""
    return ServerError("42601", f'syntax error at or near "{near}"')


class Reader:
    """Walks over tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self._at >= len(self._tokens)

    def peek(self) -> str:
        """The next token in capitals, "" at the end."""
        return "" if self.done else self._tokens[self._at].upper

    def next(self) -> Token:
        """Take the next token."""
        if self.done:
            raise ServerError("42601", "syntax error at end of input")
        self._at += 1
        return self._tokens[self._at - 1]

    def accept(self, *words: str) -> bool:
        """Take these words if they come next."""
        found = [token.upper for token in self._tokens[self._at : self._at + len(words)]]
        if found != list(words):
            return False
        self._at += len(words)
        return True

    def expect(self, word: str) -> None:
        """Take this word, or fail."""
        if not self.accept(word):
            raise syntax_error(self.peek())

    def string(self) -> str:
        """Take a string."""
        token = self.next()
        if token.kind != "string":
            raise syntax_error(token.text)
        return token.value

    def whole_number(self) -> int:
        """Take a whole number."""
        token = self.next()
        if token.kind != "number" or not token.text.isdigit():
            raise syntax_error(token.text)
        return int(token.text)

    def name(self, *, case_sensitive: bool) -> str:
        """Take an identifier: folded to lower case, even when it is quoted, unless the session says otherwise."""
        token = self.next()
        if token.kind not in ("word", "quoted"):
            raise syntax_error(token.text)
        return token.value if token.kind == "quoted" and case_sensitive else token.value.lower()

    def table(self, *, case_sensitive: bool) -> str:
        """Take the name of a table, perhaps with its schema, ready to be put into SQL."""
        parts = [self.name(case_sensitive=case_sensitive)]
        if self.accept("."):
            parts.append(self.name(case_sensitive=case_sensitive))
        return ".".join(quote(part) for part in parts)

    def end(self) -> None:
        """Fail unless nothing is left."""
        if not self.done:
            raise syntax_error(self.next().text)


def quote(name: str) -> str:
    """An identifier as SQL."""
    return '"' + name.replace('"', '""') + '"'
