"""`--where`: SQL-like conditions on the clips table.

    condition   = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation    = NOT negation | "(" condition ")" | comparison
    comparison  = column ( = | != | <> | < | <= | > | >= ) value | column [NOT] IN ( value {, value} )
                | column [NOT] LIKE 'pattern' | column [NOT] BETWEEN value AND value | column IS [NOT] NULL
    column      = a bare word or a "double-quoted" name;  value = 'text', a number, TRUE or FALSE

As in SQL, a comparison with a missing value is unknown, and rows for which a condition is not true are left out. With 1
for true, 0 for unknown and -1 for false, AND is the minimum, OR the maximum and NOT the sign (Kleene's logic).
"""

from __future__ import annotations

import fnmatch
import glob
import re

import numpy as np
from numpy.typing import NDArray

from ..errors import QueryError
from .columns import Column, Table

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")*")|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)
    |(?P<sign><=|>=|<>|!=|[=<>(),]|\b(?:and|or|not|in|like|between|is|null|true|false)\b)|(?P<word>\w+)|(?P<end>\Z)
    |(?P<unreadable>.+))""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ORDER = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
_WILDCARDS = {"%": "*", "_": "?"}  # of LIKE, as those of file names; after a backslash they are literal
_LONGEST = 1_000_000  # characters
_DEEPEST = 100  # parentheses and NOTs inside each other: each takes Python's stack

_HELP = """\
--where EXPR limits a query to the clips that meet a condition.

Columns of this index (upper or lower case; "double quotes" around names that are not one word):
{columns}

Comparisons:
  =  !=  <  <=  >  >=         with 'text', a number, TRUE or FALSE
  [NOT] IN ('walk', 'run')    one of these values
  [NOT] LIKE 'walk%'          a pattern: % is any text, _ any character
  [NOT] BETWEEN 2 AND 5       from 2 to 5, both included
  IS [NOT] NULL               clips without (with) a value
Combine them with AND, OR, NOT and parentheses. Upper and lower case of texts matter.

Examples:
  --where "label = 'walk' AND duration_s > 2"
  --where "clip LIKE 'takes/%' OR NOT (label IN ('walk', 'run') OR label IS NULL)"
"""

Truth = NDArray[np.int8]


def matching_rows(condition: str, table: Table) -> NDArray[np.bool_]:
    """The rows of a table that meet a condition: a mask (rows,).

    Raises:
        QueryError: the condition cannot be understood; or no row meets it, and no row has one of its texts.
    """
    parser = _Parser(condition, table)
    rows = parser.parse() > 0
    if len(rows) and not rows.any():
        for column, text in parser.required:
            if text not in column.values:
                raise QueryError(f"--where: no clip has {column.name} {text!r:.60}; {column.nearest(text)}")
    return rows


def where_help(table: Table) -> str:
    """How to write a condition: the columns of a table, each with type and values, the comparisons, and examples."""
    columns = [Column.of(table, name) for name in table.column_names]
    width = max(len(column.name) for column in columns)
    lines = [f"  {column.name:{width}}  {column.kind:6}  {column.summary()}" for column in columns]
    return _HELP.format(columns="\n".join(lines))


class _Parser:
    """One pass from text to truth: each method parses its rule of the grammar and evaluates it."""

    def __init__(self, condition: str, table: Table) -> None:
        if len(condition) > _LONGEST:
            raise QueryError(f"--where: a condition has at most {_LONGEST} characters, not {len(condition)}")
        self.condition, self.table = condition, table
        self.tokens = list(_TOKEN.finditer(condition))
        self.at = self.depth = 0
        self.required: list[tuple[Column, str]] = []  # texts that = and IN compare with

    def parse(self) -> Truth:
        truth = self._any()
        self._demand("end", "AND, OR or the end")
        return truth

    def _take(self, kind: str) -> str | None:
        """Consume the next token if it is of this kind, or this sign or keyword."""
        token = self.tokens[self.at]
        if kind not in (token.lastgroup, (token["sign"] or "").lower()):
            return None
        self.at += 1
        return token[str(token.lastgroup)]

    def _demand(self, sign: str, expected: str) -> None:
        if self._take(sign) is None:
            raise self._wrong(expected)

    def _wrong(self, expected: str) -> QueryError:
        token = self.tokens[self.at]
        found, column = token[str(token.lastgroup)], token.start(str(token.lastgroup)) + 1
        return QueryError(
            f"--where {self.condition!r:.80}: expected {expected} at column {column}, found "
            f"{f'{found!r:.60}' if found else 'the end'}. Example: --where \"label = 'walk' AND duration_s > 2\""
        )

    def _any(self) -> Truth:
        truth = self._all()
        while self._take("or"):
            truth = np.maximum(truth, self._all())
        return truth

    def _all(self) -> Truth:
        truth = self._not()
        while self._take("and"):
            truth = np.minimum(truth, self._not())
        return truth

    def _not(self) -> Truth:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise QueryError(f"--where: more than {_DEEPEST} conditions inside each other; write it flatter")
        if self._take("not"):
            truth = -self._not()
        elif self._take("("):
            truth = self._any()
            self._demand(")", "AND, OR or a closing parenthesis")
        else:
            truth = self._comparison()
        self.depth -= 1
        return truth

    def _comparison(self) -> Truth:
        column = self._column()
        for sign, compare in _ORDER.items():
            if self._take(sign):
                value = self._value()
                return _truth(column, compare(column.comparable(value), value))
        if self._take("="):
            return self._equal(column, [self._value()], negated=False)
        if self._take("!=") or self._take("<>"):
            return self._equal(column, [self._value()], negated=True)
        if self._take("is"):
            negated = self._take("not") is not None
            self._demand("null", "NULL")
            return np.where(column.missing != negated, np.int8(1), np.int8(-1))
        negated = self._take("not") is not None
        if self._take("in"):
            return self._equal(column, self._list(), negated)
        if self._take("like"):
            truth = self._like(column)
        elif self._take("between"):
            low = self._value()
            self._demand("and", "AND")
            high = self._value()
            truth = _truth(column, (column.comparable(low) >= low) & (column.comparable(high) <= high))
        else:
            raise self._wrong("a comparison such as =, <, IN, LIKE, BETWEEN or IS NULL")
        return -truth if negated else truth

    def _column(self) -> Column:
        if name := self._take("name"):
            return Column.named(self.table, name[1:-1].replace('""', '"'))
        if word := self._take("word"):
            return Column.named(self.table, word)
        raise self._wrong("a column name")

    def _list(self) -> list[str | float | bool]:
        self._demand("(", "an opening parenthesis")
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._demand(")", "a comma or a closing parenthesis")
        return values

    def _value(self) -> str | float | bool:
        if text := self._take("text"):
            return text[1:-1].replace("''", "'")
        if number := self._take("number"):
            return float(number)
        if self._take("true") or self._take("false"):
            return self.tokens[self.at - 1]["sign"].lower() == "true"
        raise self._wrong("a 'quoted text', a number, TRUE or FALSE")

    def _equal(self, column: Column, wanted: list[str | float | bool], negated: bool) -> Truth:
        """Whether a row has one of some values, or none of them."""
        holds = np.zeros(len(column.values), bool)
        for kind in set(map(type, wanted)):
            values = {value for value in wanted if type(value) is kind}
            known = column.comparable(next(iter(values)))
            if kind is str:
                holds |= np.fromiter(map(values.__contains__, known), bool, len(known))
            else:
                holds |= np.isin(known, list(values))
        if not negated:
            self.required += [(column, value) for value in wanted if isinstance(value, str)]
        return -_truth(column, holds) if negated else _truth(column, holds)

    def _like(self, column: Column) -> Truth:
        pattern = self._value()
        if not isinstance(pattern, str):
            raise QueryError(f"--where: LIKE needs a pattern in quotes such as '%walk%', not {pattern}")
        wildcards = re.sub(r"(?s)\\?.", lambda found: _WILDCARDS.get(found[0]) or glob.escape(found[0][-1]), pattern)
        matches, texts = re.compile(fnmatch.translate(wildcards)).match, column.comparable(pattern)
        return _truth(column, np.fromiter((matches(text) is not None for text in texts), bool, len(texts)))


def _truth(column: Column, holds: NDArray[np.bool_]) -> Truth:
    """The truth of a comparison from its result, which is arbitrary for missing values."""
    return np.where(column.missing, np.int8(0), np.where(holds, np.int8(1), np.int8(-1)))
