"""Reads a statement in Redshift's SQL, refuses what Redshift refuses, and says it in PostgreSQL's.

What is not on the lists below is refused: the stand-in must not accept what nobody has looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from tests.redshift.standin.system import STRING_TYPE
from tests.redshift.standin.tokens import Reader, Token, quote, syntax_error, tokens_of
from tests.redshift.standin.wire import ServerError
from tests.redshift.subqueries import REFUSAL, faults_of_subqueries

MAX_VARCHAR = 65535
DEFAULT_VARCHAR = 256
MOST_FETCHED = 1000


@dataclass(frozen=True)
class Plan:
    """What is to be done for a statement.

    `kind` is `pass` (send `sql` to PostgreSQL), `begin`, `commit`, `rollback`, `lock`, `copy`, `truncate`, `append`,
    `declare` or `set`. `reads` and `writes` are the user's tables that it touches, `creates` those whose definition
    it changes.
    """

    kind: str
    sql: str
    original: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    creates: frozenset[str] = frozenset()
    temporary: frozenset[str] = frozenset()
    tokens: list[Token] = field(default_factory=list)
    case_sensitive: bool = False


_RESERVED = frozenset(
    [
        "AES128",
        "AES256",
        "ALL",
        "ALLOWOVERWRITE",
        "ANALYSE",
        "ANALYZE",
        "AND",
        "ANY",
        "ARRAY",
        "AS",
        "ASC",
        "AUTHORIZATION",
        "AZ64",
        "BACKUP",
        "BETWEEN",
        "BINARY",
        "BLANKSASNULL",
        "BOTH",
        "BYTEDICT",
        "BZIP2",
        "CASE",
        "CAST",
        "CHECK",
        "COLLATE",
        "COLUMN",
        "CONNECT",
        "CONSTRAINT",
        "CREATE",
        "CREDENTIALS",
        "CROSS",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "CURRENT_USER_ID",
        "DEFAULT",
        "DEFERRABLE",
        "DEFLATE",
        "DEFRAG",
        "DELTA",
        "DELTA32K",
        "DESC",
        "DISABLE",
        "DISTINCT",
        "DO",
        "ELSE",
        "EMPTYASNULL",
        "ENABLE",
        "ENCODE",
        "ENCRYPT",
        "ENCRYPTION",
        "END",
        "EXCEPT",
        "EXPLICIT",
        "FALSE",
        "FOR",
        "FOREIGN",
        "FREEZE",
        "FROM",
        "FULL",
        "GLOBALDICT256",
        "GLOBALDICT64K",
        "GRANT",
        "GROUP",
        "GZIP",
        "HAVING",
        "IDENTITY",
        "IGNORE",
        "ILIKE",
        "IN",
        "INITIALLY",
        "INNER",
        "INTERSECT",
        "INTERVAL",
        "INTO",
        "IS",
        "ISNULL",
        "JOIN",
        "LANGUAGE",
        "LEADING",
        "LEFT",
        "LIKE",
        "LIMIT",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "LUN",
        "LUNS",
        "LZO",
        "LZOP",
        "MINUS",
        "MOSTLY16",
        "MOSTLY32",
        "MOSTLY8",
        "NATURAL",
        "NEW",
        "NOT",
        "NOTNULL",
        "NULL",
        "NULLS",
        "OFF",
        "OFFLINE",
        "OFFSET",
        "OID",
        "OLD",
        "ON",
        "ONLY",
        "OPEN",
        "OR",
        "ORDER",
        "OUTER",
        "OVERLAPS",
        "PARALLEL",
        "PARTITION",
        "PERCENT",
        "PERMISSIONS",
        "PIVOT",
        "PLACING",
        "PRIMARY",
        "RAW",
        "READRATIO",
        "RECOVER",
        "REFERENCES",
        "REJECTLOG",
        "RESORT",
        "RESPECT",
        "RESTORE",
        "RIGHT",
        "SELECT",
        "SESSION_USER",
        "SIMILAR",
        "SNAPSHOT",
        "SOME",
        "SYSDATE",
        "SYSTEM",
        "START",
        "TABLE",
        "TAG",
        "TDES",
        "TEXT255",
        "TEXT32K",
        "THEN",
        "TIMESTAMP",
        "TO",
        "TOP",
        "TRAILING",
        "TRUE",
        "TRUNCATECOLUMNS",
        "UNION",
        "UNIQUE",
        "UNNEST",
        "UNPIVOT",
        "USER",
        "USING",
        "VERBOSE",
        "WALLET",
        "WHEN",
        "WHERE",
        "WITH",
        "WITHOUT",
    ]
)
"""https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html"""

_NODES = frozenset(
    [
        "Abs",
        "Add",
        "Alias",
        "Alter",
        "AlterRename",
        "And",
        "Avg",
        "Between",
        "Boolean",
        "Case",
        "Cast",
        "Ceil",
        "Chr",
        "Coalesce",
        "Column",
        "ColumnConstraint",
        "ColumnDef",
        "Concat",
        "Count",
        "CountIf",
        "Create",
        "CTE",
        "DataType",
        "DataTypeParam",
        "DateTrunc",
        "TimestampTrunc",
        "Translate",
        "DefaultColumnConstraint",
        "Delete",
        "Distinct",
        "Div",
        "Dot",
        "DPipe",
        "Drop",
        "EQ",
        "Escape",
        "Except",
        "Exists",
        "Extract",
        "FirstValue",
        "Floor",
        "From",
        "GeneratedAsIdentityColumnConstraint",
        "Greatest",
        "Group",
        "GT",
        "GTE",
        "Having",
        "Identifier",
        "If",
        "ILike",
        "In",
        "Insert",
        "Intersect",
        "Interval",
        "Is",
        "Join",
        "Lag",
        "LastValue",
        "Lead",
        "Least",
        "Left",
        "Length",
        "Like",
        "LikeProperty",
        "Limit",
        "Literal",
        "Lower",
        "LT",
        "LTE",
        "Matches",
        "Max",
        "MD5",
        "Merge",
        "Min",
        "Mod",
        "Mul",
        "Neg",
        "NEQ",
        "Not",
        "NotNullColumnConstraint",
        "Null",
        "Nullif",
        "Offset",
        "Or",
        "Order",
        "Ordered",
        "Pad",
        "Parameter",
        "Paren",
        "Properties",
        "Qualify",
        "RegexpLike",
        "Rank",
        "DenseRank",
        "Replace",
        "Right",
        "Round",
        "RowNumber",
        "Schema",
        "Select",
        "SplitPart",
        "Star",
        "StrPosition",
        "Sub",
        "Subquery",
        "Substring",
        "Sum",
        "Table",
        "TableAlias",
        "TemporaryProperty",
        "Trim",
        "Trunc",
        "Tuple",
        "Union",
        "Update",
        "Upper",
        "Values",
        "Var",
        "When",
        "Whens",
        "Where",
        "Window",
        "WindowSpec",
        "With",
        "CurrentTimestamp",
        "CurrentDatabase",
        "CurrentSchema",
        "CurrentUser",
        "ByteLength",
    ]
)
"""The parts of statements that Redshift has and PostgreSQL understands alike, once translated."""

_FUNCTIONS = frozenset(
    [
        "LEN",
        "TEXTLEN",
        "OCTET_LENGTH",
        "CHARACTER_LENGTH",
        "CHAR_LENGTH",
        "BTRIM",
        "LTRIM",
        "RTRIM",
        "NVL",
        "POSITION",
        "STRPOS",
        "PG_LAST_COPY_COUNT",
        "PG_LAST_COPY_ID",
        "PG_BACKEND_PID",
        "CURRENT_SCHEMA",
        "CURRENT_DATABASE",
        "CURRENT_USER",
        "RS_GETDATE",
        "RS_SYSDATE",
        "RS_DATEADD",
        "RS_DATEDIFF",
        "RS_STRTOL",
        "RS_CUT",
        "RS_AVG",
        "RS_VERSION",
        "RS_PARAMETER",
        "RS_INTERVAL",
        "NOW",
    ]
)

_REFUSED: dict[type[exp.Expr], str] = {
    exp.OnConflict: "ON CONFLICT is not supported",
    exp.Returning: "RETURNING is not supported",
    exp.Filter: "FILTER is not supported",
    exp.Array: "arrays are not supported",
    exp.Bracket: "subscripted expressions are not supported",
    exp.Collate: "COLLATE is not supported",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM is not supported",
    exp.NullSafeNEQ: "IS DISTINCT FROM is not supported",
    exp.Lateral: "LATERAL is not supported",
    exp.Lock: "FOR UPDATE is not supported",
}

_NEED_FRAME = (exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg, exp.FirstValue, exp.LastValue)

_TYPES = {
    exp.DType.BIGINT: "BIGINT",
    exp.DType.INT: "INTEGER",
    exp.DType.SMALLINT: "SMALLINT",
    exp.DType.DOUBLE: "DOUBLE PRECISION",
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.DATE: "DATE",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMPTZ",
}
_STRINGS = (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.NVARCHAR)

_CATALOG = re.compile(r"^(pg_|svv_|stl_|stv_|svl_|sys_)")
_RENAMED = {"information_schema.columns": "rs.svv_columns", "information_schema.tables": "rs.svv_tables"}
_SETTINGS = frozenset(
    {"query_group", "statement_timeout", "enable_case_sensitive_identifier", "timezone", "search_path"}
)


def unsupported(message: str) -> ServerError:
    """The error of a feature that is not there."""
    return ServerError("0A000", message)


@lru_cache(maxsize=2048)
def plan(sql: str, *, case_sensitive: bool = False) -> Plan:
    """Read a statement.

    Raises:
        ServerError: Redshift would refuse it, or the stand-in does not know it.
    """
    tokens = tokens_of(sql)
    if not tokens:
        return Plan("empty", "", sql)
    first = tokens[0].upper
    if first in ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"):
        return _transaction(sql, tokens)
    if first in _COMMANDS:
        return _COMMANDS[first](sql, tokens, case_sensitive)
    if first == "ALTER" and any(token.upper == "APPEND" for token in tokens):
        return _append(sql, tokens, case_sensitive)
    if first == "ALTER" and any(token.upper in _KEY_WORDS for token in tokens):
        return _declare(sql, tokens, case_sensitive)
    return _Translation(sql, tokens, case_sensitive).plan()


def _transaction(sql: str, tokens: list[Token]) -> Plan:
    reader = Reader(tokens)
    word = reader.next().upper
    if not reader.accept("TRANSACTION"):
        reader.accept("WORK")
    if word in ("COMMIT", "END"):
        reader.end()
        return Plan("commit", "COMMIT", sql)
    if word in ("ROLLBACK", "ABORT"):
        reader.end()
        return Plan("rollback", "ROLLBACK", sql)
    if reader.accept("ISOLATION", "LEVEL") and not reader.accept("SNAPSHOT"):
        reader.expect("SERIALIZABLE")
    reader.accept(",")
    modes = next((mode for mode in ("READ ONLY", "READ WRITE") if reader.accept(*mode.split())), "")
    reader.end()
    return Plan("begin", f"BEGIN {modes}".strip(), sql)


def _lock(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    reader = Reader(tokens)
    reader.next()
    reader.accept("TABLE")
    tables = [reader.table(case_sensitive=case_sensitive)]
    while reader.accept(","):
        tables.append(reader.table(case_sensitive=case_sensitive))
    reader.end()
    return Plan("lock", f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE", sql)


def _truncate(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    reader = Reader(tokens)
    reader.next()
    reader.accept("TABLE")
    table = reader.table(case_sensitive=case_sensitive)
    reader.end()
    return Plan("truncate", f"TRUNCATE TABLE {table}", sql, writes=frozenset({unquoted(table)}))


def _copy(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    reader = Reader(tokens)
    reader.next()
    table = unquoted(reader.table(case_sensitive=case_sensitive))
    return Plan("copy", "", sql, writes=frozenset({table}), tokens=tokens, case_sensitive=case_sensitive)


def _append(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    return Plan("append", "", sql, tokens=tokens, case_sensitive=case_sensitive)


_KEY_WORDS = ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN")


def _declare(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    """ALTER TABLE … ADD or DROP a key: nothing enforces it, but its columns must be there."""
    reader = Reader(tokens)
    reader.expect("ALTER")
    reader.expect("TABLE")
    table = reader.table(case_sensitive=case_sensitive)
    columns = ["1"]
    if reader.accept("DROP", "CONSTRAINT"):
        reader.name(case_sensitive=case_sensitive)
    else:
        reader.expect("ADD")
        if reader.accept("CONSTRAINT"):
            reader.name(case_sensitive=case_sensitive)
        columns = _key_columns(reader, case_sensitive)
    return Plan("declare", f"SELECT {', '.join(columns)} FROM {table} LIMIT 0", sql)


def _key_columns(reader: Reader, case_sensitive: bool) -> list[str]:
    kind = reader.next().upper
    if kind in ("PRIMARY", "FOREIGN"):
        reader.expect("KEY")
    elif kind != "UNIQUE":
        raise syntax_error(kind)
    reader.expect("(")
    columns = [quote(reader.name(case_sensitive=case_sensitive))]
    while reader.accept(","):
        columns.append(quote(reader.name(case_sensitive=case_sensitive)))
    reader.expect(")")
    return columns


def _analyze(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    reader = Reader(tokens)
    word = reader.next().upper
    table = "" if reader.done else reader.table(case_sensitive=case_sensitive)
    reader.end()
    return Plan("pass", f"{word} {table}".strip(), sql)


_CURSOR = re.compile(r"\s*DECLARE\s+(\w+)\s+CURSOR\s+FOR\s+(.*)", re.IGNORECASE | re.DOTALL)


def _declare_cursor(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    """A cursor: https://docs.aws.amazon.com/redshift/latest/dg/declare.html."""
    found = _CURSOR.fullmatch(sql)
    if found is None:
        raise syntax_error("DECLARE")
    query = plan(found[2], case_sensitive=case_sensitive)
    return replace(query, sql=f"DECLARE {found[1]} CURSOR FOR {query.sql}", original=sql)


def _fetch(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    """FETCH FORWARD: on a cluster of one node 1,000 rows at the most, by AWS's page on FETCH."""
    reader = Reader(tokens)
    reader.expect("FETCH")
    reader.expect("FORWARD")
    number = reader.whole_number()
    reader.expect("FROM")
    name = reader.name(case_sensitive=case_sensitive)
    reader.end()
    if number > MOST_FETCHED:
        raise unsupported(f"Fetch size {number} exceeds the limit of {MOST_FETCHED} for a single node configuration")
    return Plan("pass", f"FETCH FORWARD {number} FROM {name}", sql)


def _close_cursor(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    reader = Reader(tokens)
    reader.expect("CLOSE")
    name = reader.name(case_sensitive=case_sensitive)
    reader.end()
    return Plan("pass", f"CLOSE {name}", sql)


def _set(sql: str, tokens: list[Token], case_sensitive: bool) -> Plan:
    reader = Reader(tokens)
    reader.next()
    name = reader.name(case_sensitive=False)
    if name not in _SETTINGS:
        raise ServerError("42704", f'unrecognized configuration parameter "{name}"')
    if not reader.accept("TO"):
        reader.expect("=")
    reader.next()
    reader.end()
    return Plan("set", "", sql, tokens=tokens)


_COMMANDS = {
    "LOCK": _lock,
    "TRUNCATE": _truncate,
    "COPY": _copy,
    "ANALYZE": _analyze,
    "VACUUM": _analyze,
    "SET": _set,
    "DECLARE": _declare_cursor,
    "FETCH": _fetch,
    "CLOSE": _close_cursor,
}


def unquoted(table: str) -> str:
    """The bare name of a table in SQL, without the schema `public`."""
    return table.replace('"', "").removeprefix("public.")


class _Translation:
    """One statement on its way from Redshift's SQL to PostgreSQL's."""

    def __init__(self, sql: str, tokens: list[Token], case_sensitive: bool) -> None:
        self.sql = sql
        self.case_sensitive = case_sensitive
        self.keys = _primary_key(tokens)
        self.tree = self._parse(_without_attributes(sql, tokens))

    def _parse(self, sql: str) -> exp.Expr:
        try:
            tree = sqlglot.parse_one(sql, read="redshift")
        except SqlglotError as error:
            raise ServerError("42601", f"syntax error: {str(error).splitlines()[0]}") from error
        if not isinstance(tree, _STATEMENTS):
            raise unsupported(f"the stand-in does not know this statement: {sql[:60]}")
        return tree

    def plan(self) -> Plan:
        """Check and translate."""
        tree = self.tree
        self._check_statement(tree)
        if faults_of_subqueries(tree):
            raise ServerError("XX000", REFUSAL)
        for node in list(tree.walk()):
            self._check(node)
        reads, writes = self._tables()
        self._check_clock(reads | writes)
        creates = writes if isinstance(tree, exp.Create | exp.Drop | exp.Alter) else frozenset()
        is_temporary = isinstance(tree, exp.Create) and tree.find(exp.TemporaryProperty) is not None
        for node in list(tree.find_all(exp.Identifier)):
            self._fold(node)
        self._constraints(tree)
        return Plan(
            kind="pass",
            sql=_translated(tree).sql(dialect="postgres"),
            original=self.sql,
            reads=reads,
            writes=writes,
            creates=frozenset(creates),
            temporary=frozenset(writes) if is_temporary else frozenset(),
        )

    def _check_statement(self, tree: exp.Expr) -> None:
        if isinstance(tree, exp.Create) and tree.kind not in ("TABLE", "VIEW", "SCHEMA"):
            raise unsupported(f"CREATE {tree.kind} is not supported")
        if isinstance(tree, exp.Drop) and tree.args.get("kind") not in ("TABLE", "VIEW", "SCHEMA"):
            raise unsupported(f"DROP {tree.args.get('kind')} is not supported")
        if isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge) and tree.args.get("with_"):
            raise syntax_error(type(tree).__name__.upper())
        if isinstance(tree, exp.Merge) and not isinstance(tree.args["using"], exp.Table):
            raise unsupported("MERGE takes a table as its source, not a query")
        if isinstance(tree, exp.Merge) and isinstance(tree.this, exp.Table) and tree.this.alias:
            raise syntax_error(tree.this.alias)

    def _check(self, node: exp.Expr) -> None:
        for kind, message in _REFUSED.items():
            if isinstance(node, kind):
                raise unsupported(message)
        if isinstance(node, exp.Anonymous):
            if node.name.upper() not in _FUNCTIONS:
                raise ServerError("42883", f"function {node.name.lower()}() does not exist, or the stand-in lacks it")
        elif type(node).__name__ not in _NODES:
            raise unsupported(f"the stand-in does not know {type(node).__name__}: {node.sql('redshift')[:80]}")
        checks: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
            exp.DataType: self._check_type,
            exp.Identifier: self._check_identifier,
            exp.Distinct: self._check_distinct,
            exp.Window: self._check_window,
            exp.Values: self._check_values,
            exp.Group: self._check_group,
            exp.Select: self._check_qualify,
            exp.Except: self._check_set_operation,
            exp.Intersect: self._check_set_operation,
            exp.ColumnConstraint: self._check_constraint,
        }
        if check := checks.get(type(node)):
            check(node)

    def _check_type(self, node: exp.Expr) -> None:
        assert isinstance(node, exp.DataType)
        known = node.this in _TYPES or node.this in _STRINGS or node.this in (exp.DType.DECIMAL, exp.DType.CHAR)
        known = known or (node.this == exp.DType.VARBINARY and isinstance(node.parent, exp.Cast))
        inside = isinstance(node.parent, exp.Interval)
        if not (known or inside):
            raise unsupported(f"type {node.sql('redshift').lower()} is not supported")
        length = _length(node)
        if node.this in _STRINGS and length is not None and not 1 <= length <= MAX_VARCHAR:
            raise ServerError("22023", f"length for type varchar cannot exceed {MAX_VARCHAR}")

    def _check_identifier(self, node: exp.Expr) -> None:
        if not node.args.get("quoted") and node.name.upper() in _RESERVED:
            raise syntax_error(node.name)

    def _check_distinct(self, node: exp.Expr) -> None:
        if node.args.get("on"):
            raise unsupported("SELECT DISTINCT ON is not supported")

    def _check_window(self, node: exp.Expr) -> None:
        if isinstance(node.this, _NEED_FRAME) and node.args.get("order") and not node.args.get("spec"):
            raise unsupported("Aggregate window functions with an ORDER BY clause require a frame clause")

    def _check_values(self, node: exp.Expr) -> None:
        if not isinstance(node.parent, exp.Insert):
            raise unsupported("a VALUES list used as a constant table is not supported")

    def _check_group(self, node: exp.Expr) -> None:
        if {key for key, value in node.args.items() if value} - {"expressions"}:
            raise unsupported("the stand-in knows only a plain GROUP BY")

    def _check_qualify(self, node: exp.Expr) -> None:
        """QUALIFY right after FROM would be read as the alias of a table that has none."""
        between = any(node.args.get(part) for part in ("joins", "where", "group", "having"))
        source = node.args["from_"].this if node.args.get("from_") else None
        if node.args.get("qualify") and not between and source is not None and not source.alias:
            raise syntax_error("QUALIFY")

    def _check_set_operation(self, node: exp.Expr) -> None:
        if node.args.get("distinct") is False:
            raise unsupported(f"{type(node).__name__.upper()} ALL is not supported")

    def _check_constraint(self, node: exp.Expr) -> None:
        kind = node.args["kind"]
        allowed = (
            exp.NotNullColumnConstraint,
            exp.DefaultColumnConstraint,
            exp.GeneratedAsIdentityColumnConstraint,
        )
        if not isinstance(kind, allowed):
            raise unsupported(f"the constraint {kind.sql('redshift')} is not supported")

    def _tables(self) -> tuple[frozenset[str], frozenset[str]]:
        written: set[str] = set()
        tree = self.tree
        if isinstance(tree, exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Create | exp.Drop | exp.Alter):
            target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
            written = {self._name(target)} if isinstance(target, exp.Table) else set()
        if isinstance(tree, exp.Drop | exp.Alter):
            written |= {self._name(table) for table in tree.find_all(exp.Table)}
        known = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
        named = {self._name(table) for table in tree.find_all(exp.Table)}
        reads = {name for name in named - written - known if not _is_catalog(name)}
        return frozenset(reads), frozenset(written)

    def _name(self, table: exp.Table) -> str:
        parts = [table.db, table.name] if table.db and table.db != "public" else [table.name]
        return ".".join(parts if self.case_sensitive else [part.lower() for part in parts])

    def _check_clock(self, tables: frozenset[str]) -> None:
        """now() and its like run on the leader node alone."""
        has_clock = self.tree.find(exp.CurrentTimestamp) is not None
        has_clock |= any(call.name.upper() == "NOW" for call in self.tree.find_all(exp.Anonymous))
        if has_clock and tables:
            raise unsupported("Specified types or functions (one per INFO message) not supported on Redshift tables.")

    def _fold(self, node: exp.Identifier) -> None:
        if not self.case_sensitive or not node.args.get("quoted"):
            node.set("this", node.name.lower())
        node.set("quoted", True)

    def _constraints(self, tree: exp.Expr) -> None:
        """VARCHAR(n) counts bytes."""
        if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
            return
        for number, column in enumerate(list(tree.this.find_all(exp.ColumnDef))):
            if column.name.lower() in self.keys:
                column.append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))
            kind = column.args.get("kind")
            if not isinstance(kind, exp.DataType) or kind.this not in _STRINGS:
                continue
            length = _length(kind) or DEFAULT_VARCHAR
            rule = sqlglot.parse_one(f"OCTET_LENGTH(CAST({quote(column.name)} AS TEXT)) <= {length}", read="postgres")
            check = exp.CheckColumnConstraint(this=rule)
            name = exp.to_identifier(f"bytes_{length}_{number}", quoted=True)
            tree.this.append("expressions", exp.Constraint(this=name, expressions=[check]))


_STATEMENTS = (
    exp.Query,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
)


def _is_catalog(name: str) -> bool:
    return bool(_CATALOG.match(name)) or name.startswith(("information_schema.", "pg_catalog."))


def _length(node: exp.DataType) -> int | None:
    """The length that a type was written with; MAX stands for the most."""
    if not node.expressions:
        return None
    text = node.expressions[0].name.upper()
    return MAX_VARCHAR if text == "MAX" else int(text)


def _string(length: int | None = None) -> exp.DataType:
    suffix = "" if length is None else f"({length})"
    return exp.DataType(this=exp.DType.USERDEFINED, kind=STRING_TYPE + suffix)


def _translated(tree: exp.Expr) -> exp.Expr:
    """The tree with each node translated, from the leaves up."""
    for node in reversed(list(tree.walk())):
        new = _translate(node)
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    return tree


def _translate(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table):
        return _table(node)
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.ColumnDef):
        return _column(node)
    if isinstance(node, exp.DataType) and node.this == exp.DType.DECIMAL and not node.expressions:
        return exp.DataType.build("DECIMAL(18, 0)", dialect="postgres")
    if isinstance(node, exp.Extract):
        whole = exp.func("rs.whole", node.copy())
        kind = "BIGINT" if node.name.upper() == "EPOCH" else "INTEGER"
        return exp.Cast(this=whole, to=exp.DataType.build(kind))
    if isinstance(node, exp.Trim | exp.Substring):
        return exp.Cast(this=node.copy(), to=_string())
    if isinstance(node, exp.Avg):
        return exp.Anonymous(this="rs_avg", expressions=[node.this])
    if isinstance(node, exp.Round) and node.args.get("decimals"):
        return exp.Anonymous(this="rs_round", expressions=[node.this, node.args["decimals"]])
    if isinstance(node, exp.LikeProperty):
        return exp.LikeProperty(
            this=node.this, expressions=[exp.Property(this="INCLUDING", value=exp.var("CONSTRAINTS"))]
        )
    if isinstance(node, exp.Anonymous) and node.name.upper() == "RS_INTERVAL":
        return exp.Interval(this=node.expressions[0])
    if isinstance(node, exp.Anonymous) and node.name.upper() == "RS_PARAMETER":
        return exp.Var(this=f"${node.expressions[0].name}")
    return node


def _table(node: exp.Table) -> exp.Expr:
    full = f"{node.db}.{node.name}".lower()
    if full in _RENAMED:
        return exp.to_table(_RENAMED[full], alias=node.alias or node.name)
    return node


def _cast(node: exp.Cast) -> exp.Expr:
    if node.to.this == exp.DType.VARBINARY:
        return exp.Anonymous(this="rs_bytes", expressions=[exp.Cast(this=node.this, to=_string())])
    if node.to.this not in _STRINGS:
        return node
    length = _length(node.to)
    plain = exp.Cast(this=node.this, to=_string())
    if length is None or length == MAX_VARCHAR:
        return plain
    return exp.Anonymous(this="rs_cut", expressions=[plain, exp.Literal.number(length)])


def _column(node: exp.ColumnDef) -> exp.Expr:
    kind = node.args.get("kind")
    if isinstance(kind, exp.DataType) and kind.this in _STRINGS:
        node.set("kind", _string(_length(kind) or DEFAULT_VARCHAR))
    return node


def _without_attributes(sql: str, tokens: list[Token]) -> str:
    """The statement without what only Redshift has: how a table is spread, sorted and encoded; with plain functions."""
    edits: list[tuple[int, int, str]] = []
    is_table = tokens[0].upper == "CREATE" and any(token.upper == "TABLE" for token in tokens[:4])
    at = 0
    while at < len(tokens):
        size = 0
        if is_table:
            size, text = _attribute(tokens, at)
        if not size:
            size, text = _function(tokens, at)
        if size:
            edits.append((tokens[at].start, tokens[at + size - 1].end, text))
        at += max(size, 1)
    if is_table:
        edits += _keys(tokens)
    for start, end, text in sorted(edits, reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql


def _attribute(tokens: list[Token], at: int) -> tuple[int, str]:
    words = [token.upper for token in tokens[at : at + 4]] + [""] * 4
    previous = tokens[at - 1].upper if at else ""
    if words[0] == "DISTSTYLE" and words[1] in ("AUTO", "EVEN", "KEY", "ALL"):
        return 2, ""
    if words[0] == "ENCODE" and previous not in ("(", ","):
        return 2, ""
    if words[0] == "BACKUP" and words[1] in ("YES", "NO"):
        return 2, ""
    if words[0] == "DISTKEY":
        return (1 + _parenthesis(tokens, at + 1)), ""
    lead = 1 if words[0] in ("COMPOUND", "INTERLEAVED") and words[1] == "SORTKEY" else 0
    if words[lead] == "SORTKEY":
        rest = 1 if words[lead + 1] == "AUTO" else _parenthesis(tokens, at + lead + 1)
        return lead + 1 + rest, ""
    if words[0] == "IDENTITY" and words[1] == "(":
        return _identity(tokens, at)
    return 0, ""


def _identity(tokens: list[Token], at: int) -> tuple[int, str]:
    """Numbers with gaps, for COPY and INSERT … SELECT leave some out."""
    numbers = [token.text for token in tokens[at + 2 : at + 5]]
    if len(numbers) != 3 or numbers[1] != "," or tokens[at + 5].text != ")":
        raise syntax_error("IDENTITY")
    seed, step = int(numbers[0]), int(numbers[2])
    by_default = [token.upper for token in tokens[at - 4 : at]] == ["GENERATED", "BY", "DEFAULT", "AS"]
    lead = "" if by_default else "GENERATED ALWAYS AS "
    bound = "MINVALUE" if step > 0 else "MAXVALUE"
    return 6, f"{lead}IDENTITY (START WITH {seed} INCREMENT BY {step * 3} {bound} {seed})"


def _parenthesis(tokens: list[Token], at: int) -> int:
    """How many tokens stand from this parenthesis to its end, 0 if there is none."""
    if at >= len(tokens) or tokens[at].text != "(":
        return 0
    depth = 0
    for place in range(at, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[place].text, 0)
        if not depth:
            return place - at + 1
    raise ServerError("42601", "syntax error at end of input")


def _keys(tokens: list[Token]) -> list[tuple[int, int, str]]:
    """Keys are declared and never enforced: a primary key only makes its columns NOT NULL."""
    edits = []
    for at, token in enumerate(tokens):
        words = [token.upper for token in tokens[at : at + 2]] + [""]
        in_list = at and tokens[at - 1].text == ","
        start = at
        if at >= 2 and tokens[at - 2].upper == "CONSTRAINT":
            start, in_list = at - 2, tokens[at - 3].text == ","
        if words == ["PRIMARY", "KEY", ""] or words[:2] == ["PRIMARY", "KEY"]:
            size = 2 + _parenthesis(tokens, at + 2)
            edits.append(_cut(tokens, start, at + size, bool(in_list), "NOT NULL" if not in_list else ""))
        elif words[0] == "UNIQUE":
            size = 1 + (_parenthesis(tokens, at + 1) if in_list else 0)
            edits.append(_cut(tokens, start, at + size, bool(in_list), ""))
        elif words[:2] == ["FOREIGN", "KEY"]:
            columns = _parenthesis(tokens, at + 2)
            edits.append(
                _cut(tokens, start, at + 2 + columns + _reference(tokens, at + 2 + columns), bool(in_list), "")
            )
        elif words[0] == "REFERENCES" and tokens[at - 1].text != ")":
            edits.append(_cut(tokens, at, at + _reference(tokens, at), False, ""))
    return edits


def _primary_key(tokens: list[Token]) -> set[str]:
    """The columns that a PRIMARY KEY at the end of the list names."""
    for at, token in enumerate(tokens[:-2]):
        if token.upper == "PRIMARY" and tokens[at + 2].text == "(":
            names = tokens[at + 3 : at + 1 + _parenthesis(tokens, at + 2)]
            return {name.value.lower() for name in names if name.text != ","}
    return set()


def _reference(tokens: list[Token], at: int) -> int:
    if at >= len(tokens) or tokens[at].upper != "REFERENCES":
        raise syntax_error(tokens[min(at, len(tokens) - 1)].text)
    size = 2
    if at + 2 < len(tokens) and tokens[at + 2].text == ".":
        size = 4
    return size + _parenthesis(tokens, at + size)


def _cut(tokens: list[Token], start: int, end: int, in_list: bool, text: str) -> tuple[int, int, str]:
    """From one token up to another, with the comma before it if it is an element of the list."""
    first = tokens[start - 1] if in_list else tokens[start]
    return first.start, tokens[end - 1].end, text


def _function(tokens: list[Token], at: int) -> tuple[int, str]:
    """Functions that sqlglot would take for others."""
    words = [token.upper for token in tokens[at : at + 4]] + [""] * 4
    if tokens[at].kind == "parameter":
        return 1, f"RS_PARAMETER({words[0][1:]})"
    if tokens[at].kind != "word" or (at and tokens[at - 1].text == "."):
        return 0, ""
    if words[0] == "GETDATE" and words[1:3] == ["(", ")"]:
        return 3, "RS_GETDATE()"
    if words[0] == "SYSDATE":
        return 1, "RS_SYSDATE()"
    if words[0] in ("DATEADD", "DATEDIFF") and words[1] == "(" and words[3] == ",":
        part = tokens[at + 2].value.lower()
        return 3, f"RS_{words[0]}('{part}'"
    if words[0] == "INTERVAL" and words[1].startswith("'"):
        return 2, f"RS_INTERVAL({words[1]})"  # sqlglot takes a number after it for a part of it
    if words[0] in ("STRTOL", "VERSION") and words[1] == "(":
        return 1, f"RS_{words[0]}"
    return 0, ""
