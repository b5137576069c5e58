"""`--where`: a small SQL-like condition over the clips table, evaluated by column with Arrow's compute functions.

    condition  = and_condition { OR and_condition }
    and_part   = not_part { AND not_part }
    not_part   = NOT not_part | "(" condition ")" | comparison
    comparison = column ( = | != | <> | < | <= | > | >= ) value
               | column [NOT] IN ( value {, value} ) | column [NOT] LIKE 'pattern'
               | column [NOT] BETWEEN value AND value | column IS [NOT] NULL
    column     = a bare word or a "double-quoted" name;  value = 'text', a number, TRUE or FALSE

Input is never pasted into a query language: it is parsed here and becomes calls. As in SQL, a comparison with a missing
value is neither true nor false, and such rows are left out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import QueryError
from ..storage.tables import numbers

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<operator><=|>=|<>|!=|=|<|>)|(?P<mark>[(),])|(?P<word>\w+))""",
    re.VERBOSE,
)
_KEYWORDS = {"and", "or", "not", "in", "like", "between", "is", "null", "true", "false"}
_COMPARE = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_DEEPEST = 100  # nested parentheses and NOTs; beyond it a condition is an attack on the stack, not a question


@dataclass(frozen=True)
class _Token:
    kind: str  # text, name, number, operator, mark, word, keyword or end
    value: str
    position: int


def matching_rows(condition: str, table: pa.Table) -> NDArray[np.bool_]:
    """Which rows of a table meet a condition: a mask (rows,). QueryError where the condition cannot be understood."""
    parser = _Parser(condition, table)
    mask = parser.parse()
    return numbers(pc.cast(pc.fill_null(mask, False), pa.uint8())).astype(bool)


def _tokens(condition: str) -> Iterator[_Token]:
    position = 0
    while position < len(condition.rstrip()):
        match = _TOKEN.match(condition, position)
        if match is None:
            rest = condition[position:].strip()[:20]
            raise QueryError(f"--where {condition!r}: cannot read {rest!r} at column {position + 1}")
        kind = str(match.lastgroup)
        value, start = match.group(kind), match.start(kind)
        if kind == "word" and value.lower() in _KEYWORDS:
            kind, value = "keyword", value.lower()
        yield _Token(kind, value, start)
        position = match.end()
    yield _Token("end", "the end", len(condition))


class _Parser:
    """One pass from text to a mask: each method parses its rule of the grammar and evaluates it."""

    def __init__(self, condition: str, table: pa.Table) -> None:
        self.condition = condition
        self.table = table
        self.tokens = list(_tokens(condition))
        self.at = 0
        self.depth = 0

    def parse(self) -> pa.ChunkedArray:
        mask = self._any()
        if self._now.kind != "end":
            raise self._wrong("AND, OR or the end")
        return mask

    @property
    def _now(self) -> _Token:
        return self.tokens[self.at]

    def _take(self, kind: str, value: str | None = None) -> _Token | None:
        token = self._now
        if token.kind != kind or (value is not None and token.value != value):
            return None
        self.at += 1
        return token

    def _demand(self, kind: str, value: str, expected: str) -> None:
        if self._take(kind, value) is None:
            raise self._wrong(expected)

    def _wrong(self, expected: str) -> QueryError:
        token = self._now
        return QueryError(
            f"--where {self.condition!r}: expected {expected} at column {token.position + 1}, found {token.value}. "
            "Example: --where \"label = 'walk' AND duration_s > 2\""
        )

    def _any(self) -> pa.ChunkedArray:
        mask = self._all()
        while self._take("keyword", "or"):
            mask = pc.or_kleene(mask, self._all())
        return mask

    def _all(self) -> pa.ChunkedArray:
        mask = self._not()
        while self._take("keyword", "and"):
            mask = pc.and_kleene(mask, self._not())
        return mask

    def _not(self) -> pa.ChunkedArray:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise QueryError(f"--where: more than {_DEEPEST} conditions inside each other; write it flatter")
        if self._take("keyword", "not"):
            mask = pc.invert(self._not())
        elif self._take("mark", "("):
            mask = self._any()
            self._demand("mark", ")", "a closing parenthesis")
        else:
            mask = self._comparison()
        self.depth -= 1
        return mask

    def _comparison(self) -> pa.ChunkedArray:
        name, column = self._column()
        if operator := self._take("operator"):
            value = self._value()
            return _COMPARE[operator.value](self._comparable(name, column, value), value)
        if self._take("keyword", "is"):
            negated = self._take("keyword", "not") is not None
            self._demand("keyword", "null", "NULL")
            return pc.is_valid(column) if negated else pc.is_null(column)
        negated = self._take("keyword", "not") is not None
        if self._take("keyword", "in"):
            mask = self._in(name, column)
        elif self._take("keyword", "like"):
            mask = self._like(name, column)
        elif self._take("keyword", "between"):
            low = self._value()
            self._demand("keyword", "and", "AND")
            high = self._value()
            mask = pc.and_kleene(
                pc.greater_equal(self._comparable(name, column, low), low),
                pc.less_equal(self._comparable(name, column, high), high),
            )
        else:
            raise self._wrong("a comparison such as =, <, IN, LIKE, BETWEEN or IS NULL")
        return pc.invert(mask) if negated else mask

    def _column(self) -> tuple[str, pa.ChunkedArray]:
        if token := self._take("name"):
            name = token.value[1:-1].replace('""', '"')
        elif token := self._take("word"):
            name = token.value
        else:
            raise self._wrong("a column name")
        if name not in self.table.column_names:
            close = difflib.get_close_matches(name, self.table.column_names) or sorted(self.table.column_names)
            raise QueryError(f"--where: no column {name!r} in this index; did you mean {', '.join(close)}?")
        return name, self.table[name]

    def _value(self) -> str | float | bool:
        if token := self._take("text"):
            return token.value[1:-1].replace("''", "'")
        if token := self._take("number"):
            return float(token.value)
        for word in ("true", "false"):
            if self._take("keyword", word):
                return word == "true"
        raise self._wrong("a 'quoted text', a number, TRUE or FALSE")

    def _comparable(self, name: str, column: pa.ChunkedArray, value: str | float | bool) -> pa.ChunkedArray:
        """The column as the type of the value, or a QueryError that says how to write the value."""
        if isinstance(value, bool):
            if pa.types.is_boolean(column.type):
                return column
            raise QueryError(f"--where: column {name!r} is {column.type}, not TRUE or FALSE")
        if pa.types.is_nested(column.type):
            raise QueryError(f"--where: column {name!r} is a list; only IS NULL can be asked of it")
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        if isinstance(value, str):
            if is_text:
                return column
            raise QueryError(f"--where: column {name!r} holds numbers; write its value without quotes, not {value!r}")
        try:
            return pc.cast(column, pa.float64(), safe=is_text)  # whole numbers beyond 2^53 may lose their last digits
        except pa.ArrowInvalid:
            raise QueryError(f"--where: column {name!r} holds text; write its value in quotes: '{value:g}'") from None

    def _in(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        self._demand("mark", "(", "an opening parenthesis")
        mask = None
        while True:
            value = self._value()
            equal = pc.equal(self._comparable(name, column, value), value)
            mask = equal if mask is None else pc.or_kleene(mask, equal)
            if not self._take("mark", ","):
                break
        self._demand("mark", ")", "a comma or a closing parenthesis")
        return mask

    def _like(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        pattern = self._value()
        if not isinstance(pattern, str):
            raise QueryError(f"--where: LIKE needs a pattern in quotes such as '%walk%', not {pattern}")
        return pc.match_like(self._comparable(name, column, pattern), pattern)
