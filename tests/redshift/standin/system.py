"""What PostgreSQL is taught so that it behaves as Redshift does: a type for VARCHAR, functions, system views.

Trailing spaces do not count when VARCHARs are compared or grouped, but they are kept, and counted in lengths. So
VARCHAR becomes a type of its own, `rs.string`: stored as PostgreSQL's varchar, compared as its bpchar.
"""

from __future__ import annotations

STRING_TYPE = "rs.string"

_TYPE = """
CREATE SCHEMA rs;
CREATE TYPE rs.string;
CREATE FUNCTION rs.string_in(cstring, oid, integer) RETURNS rs.string AS 'varcharin' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.string_out(rs.string) RETURNS cstring AS 'varcharout' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.string_recv(internal, oid, integer) RETURNS rs.string AS 'varcharrecv'
  LANGUAGE internal STABLE STRICT;
CREATE FUNCTION rs.string_send(rs.string) RETURNS bytea AS 'varcharsend' LANGUAGE internal STABLE STRICT;
CREATE FUNCTION rs.string_typmod_in(cstring[]) RETURNS integer AS 'varchartypmodin' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.string_typmod_out(integer) RETURNS cstring AS 'varchartypmodout' LANGUAGE internal IMMUTABLE STRICT;
CREATE TYPE rs.string (
  INPUT = rs.string_in, OUTPUT = rs.string_out, RECEIVE = rs.string_recv, SEND = rs.string_send,
  TYPMOD_IN = rs.string_typmod_in, TYPMOD_OUT = rs.string_typmod_out,
  LIKE = pg_catalog.varchar, CATEGORY = 'S', COLLATABLE = true
);
CREATE FUNCTION rs.string_fit(rs.string, integer, boolean) RETURNS rs.string AS 'varchar'
  LANGUAGE internal IMMUTABLE STRICT;
CREATE CAST (rs.string AS rs.string) WITH FUNCTION rs.string_fit(rs.string, integer, boolean) AS IMPLICIT;
CREATE CAST (rs.string AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS rs.string) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE CAST (rs.string AS varchar) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (varchar AS rs.string) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE FUNCTION rs.cmp(rs.string, rs.string) RETURNS integer AS 'bpcharcmp' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.hash(rs.string) RETURNS integer AS 'hashbpchar' LANGUAGE internal IMMUTABLE STRICT;
"""

_COMPARISONS = (
    ("=", "eq", "=", "<>", "eqsel, JOIN = eqjoinsel, HASHES, MERGES"),
    ("<>", "ne", "<>", "=", "neqsel, JOIN = neqjoinsel"),
    ("<", "lt", ">", ">=", "scalarltsel, JOIN = scalarltjoinsel"),
    ("<=", "le", ">=", ">", "scalarlesel, JOIN = scalarlejoinsel"),
    (">", "gt", "<", "<=", "scalargtsel, JOIN = scalargtjoinsel"),
    (">=", "ge", "<=", "<", "scalargesel, JOIN = scalargejoinsel"),
)

_CLASSES = """
CREATE OPERATOR CLASS rs.string_order DEFAULT FOR TYPE rs.string USING btree AS
  OPERATOR 1 rs.<, OPERATOR 2 rs.<=, OPERATOR 3 rs.=, OPERATOR 4 rs.>=, OPERATOR 5 rs.>,
  FUNCTION 1 rs.cmp(rs.string, rs.string);
CREATE OPERATOR CLASS rs.string_hash DEFAULT FOR TYPE rs.string USING hash AS
  OPERATOR 1 rs.=, FUNCTION 1 rs.hash(rs.string);
CREATE FUNCTION rs.larger(rs.string, rs.string) RETURNS rs.string AS 'bpchar_larger' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.smaller(rs.string, rs.string) RETURNS rs.string AS 'bpchar_smaller'
  LANGUAGE internal IMMUTABLE STRICT;
CREATE AGGREGATE rs.max(rs.string) (SFUNC = rs.larger, STYPE = rs.string, SORTOP = OPERATOR(rs.>));
CREATE AGGREGATE rs.min(rs.string) (SFUNC = rs.smaller, STYPE = rs.string, SORTOP = OPERATOR(rs.<));
-- A VARCHAR holds 65,535 bytes, also one that an expression makes:
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
CREATE FUNCTION rs.concat(head rs.string, tail rs.string) RETURNS rs.string LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  IF octet_length(head::text) + octet_length(tail::text) > 65535 THEN
    RAISE EXCEPTION 'String value exceeds the max size of 65535 bytes' USING ERRCODE = 'XX000';
  END IF;
  RETURN (head::text || tail::text)::rs.string;
END $$;
CREATE OPERATOR rs.|| (LEFTARG = rs.string, RIGHTARG = rs.string, FUNCTION = rs.concat);
CREATE FUNCTION rs.upper(rs.string) RETURNS rs.string AS 'upper' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.lower(rs.string) RETURNS rs.string AS 'lower' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.md5(rs.string) RETURNS rs.string AS 'md5_text' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.left(rs.string, integer) RETURNS rs.string AS 'text_left' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.right(rs.string, integer) RETURNS rs.string AS 'text_right' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION rs.replace(rs.string, text, text) RETURNS rs.string AS 'replace_text'
  LANGUAGE internal IMMUTABLE STRICT;
"""

_FUNCTIONS = """
-- The longest head of a text that has no more than so many bytes and ends between two characters.
CREATE FUNCTION rs.rs_cut(whole rs.string, bytes integer) RETURNS rs.string LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  raw bytea := convert_to(whole::text, 'UTF8');
  size integer := bytes;
BEGIN
  IF octet_length(raw) <= bytes THEN
    RETURN whole;
  END IF;
  WHILE size > 0 AND get_byte(raw, size) & 192 = 128 LOOP
    size := size - 1;
  END LOOP;
  RETURN convert_from(substr(raw, 1, size), 'UTF8')::rs.string;
END $$;
-- The bytes of a text, compared as such: docs.aws.amazon.com/redshift/latest/dg/r_VARBYTE_OPERATORS.html.
CREATE FUNCTION rs.rs_bytes(whole rs.string) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT convert_to(whole::text, 'UTF8') $$;
CREATE FUNCTION rs.rs_getdate() RETURNS timestamp LANGUAGE sql STABLE AS
  $$ SELECT date_trunc('second', timezone('UTC', statement_timestamp())) $$;
CREATE FUNCTION rs.rs_sysdate() RETURNS timestamp LANGUAGE sql STABLE AS
  $$ SELECT timezone('UTC', transaction_timestamp()) $$;
CREATE FUNCTION rs.rs_part(part text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE lower(part)
    WHEN 'y' THEN 'year' WHEN 'yr' THEN 'year' WHEN 'years' THEN 'year'
    WHEN 'mon' THEN 'month' WHEN 'months' THEN 'month'
    WHEN 'w' THEN 'week' WHEN 'weeks' THEN 'week'
    WHEN 'd' THEN 'day' WHEN 'days' THEN 'day'
    WHEN 'h' THEN 'hour' WHEN 'hr' THEN 'hour' WHEN 'hours' THEN 'hour'
    WHEN 'm' THEN 'minute' WHEN 'min' THEN 'minute' WHEN 'minutes' THEN 'minute'
    WHEN 's' THEN 'second' WHEN 'sec' THEN 'second' WHEN 'seconds' THEN 'second'
    WHEN 'ms' THEN 'millisecond' WHEN 'msec' THEN 'millisecond' WHEN 'milliseconds' THEN 'millisecond'
    WHEN 'us' THEN 'microsecond' WHEN 'microseconds' THEN 'microsecond'
    ELSE lower(part)
  END $$;
CREATE FUNCTION rs.rs_dateadd(part text, n bigint, moment timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS
  $$ SELECT moment + n * ('1 ' || rs.rs_part(part))::interval $$;
-- How many boundaries of the part lie between two moments.
CREATE FUNCTION rs.rs_datediff(part text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE rs.rs_part(part)
    WHEN 'year' THEN extract(year FROM b)::bigint - extract(year FROM a)::bigint
    WHEN 'month' THEN (extract(year FROM b) - extract(year FROM a))::bigint * 12
      + (extract(month FROM b) - extract(month FROM a))::bigint
    ELSE (extract(epoch FROM date_trunc(rs.rs_part(part), b) - date_trunc(rs.rs_part(part), a))
      / extract(epoch FROM ('1 ' || rs.rs_part(part))::interval))::bigint
  END $$;
CREATE FUNCTION rs.rs_strtol(digits text, base integer) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  value bigint := 0;
  place integer;
BEGIN
  FOR i IN 1..length(digits) LOOP
    place := position(lower(substr(digits, i, 1)) IN substr('0123456789abcdefghijklmnopqrstuvwxyz', 1, base));
    IF place = 0 THEN
      RAISE EXCEPTION 'The input % is not valid to be converted to base %', digits, base USING ERRCODE = '22023';
    END IF;
    value := value * base + place - 1;
  END LOOP;
  RETURN value;
END $$;
CREATE FUNCTION rs.rs_version() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT
  'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0'
$$;
CREATE FUNCTION rs.pg_last_copy_count() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT coalesce(nullif(current_setting('rs.copy_count', true), ''), '0')::bigint $$;
CREATE FUNCTION rs.pg_last_copy_id() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT coalesce(nullif(current_setting('rs.copy_id', true), ''), '-1')::bigint $$;
CREATE FUNCTION rs.rs_round(numeric, integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS
  $$ SELECT pg_catalog.round($1, $2) $$;
CREATE FUNCTION rs.rs_round(double precision, integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS
  $$ SELECT pg_catalog.round($1::numeric, $2)::double precision $$;
CREATE FUNCTION rs.whole(numeric) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT trunc($1)::bigint $$;
CREATE FUNCTION rs.average(state numeric[]) RETURNS bigint LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN state[1] > 0 THEN trunc(state[2] / state[1])::bigint END $$;
CREATE AGGREGATE rs.rs_avg(numeric) (
  SFUNC = numeric_avg_accum, STYPE = internal, FINALFUNC = numeric_avg
);
CREATE AGGREGATE rs.rs_avg(double precision) (
  SFUNC = float8_accum, STYPE = double precision[], FINALFUNC = float8_avg, INITCOND = '{0,0,0}'
);
"""

_VIEWS = """
CREATE TABLE rs.load_errors (
  user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name rs.string(64),
  table_id integer, start_time timestamp, file_name rs.string(256), line_number bigint, column_name rs.string(127),
  column_type rs.string(10), column_length rs.string(10), position integer, error_code integer,
  error_message rs.string(512), raw_line rs.string(1024), raw_field_value rs.string(1024)
);
CREATE VIEW rs.sys_load_error_detail AS SELECT
  user_id, query_id, transaction_id, session_id, database_name, table_id, start_time, file_name, line_number,
  column_name, column_type, column_length, position, error_code, error_message
FROM rs.load_errors;
CREATE VIEW rs.stl_load_errors AS SELECT
  user_id AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session, query_id AS query,
  file_name AS filename, line_number, column_name AS colname, column_type AS type, column_length AS col_length,
  position, raw_line, raw_field_value, error_code AS err_code, error_message AS err_reason
FROM rs.load_errors;
CREATE VIEW rs.svv_tables AS SELECT
  current_database()::rs.string AS table_catalog, n.nspname::text::rs.string AS table_schema,
  c.relname::text::rs.string AS table_name,
  (CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END)::rs.string AS table_type, NULL::rs.string AS remarks
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('rs', 'pg_toast');
CREATE VIEW rs.svv_columns AS SELECT
  current_database()::rs.string AS table_catalog, n.nspname::text::rs.string AS table_schema,
  c.relname::text::rs.string AS table_name, a.attname::text::rs.string AS column_name,
  a.attnum::integer AS ordinal_position, pg_get_expr(d.adbin, d.adrelid)::rs.string AS column_default,
  (CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END)::rs.string AS is_nullable,
  (CASE WHEN a.atttypid IN ('rs.string'::regtype, 'text'::regtype) THEN 'character varying'
    ELSE format_type(a.atttypid, NULL) END)::rs.string AS data_type,
  CASE WHEN a.atttypid = 'rs.string'::regtype AND a.atttypmod > 0 THEN a.atttypmod - 4
    WHEN a.atttypid = 'rs.string'::regtype THEN 65535 END AS character_maximum_length
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT IN ('rs', 'pg_toast');
CREATE VIEW rs.pg_table_def AS SELECT
  table_schema AS schemaname, table_name AS tablename, column_name AS "column",
  data_type || CASE WHEN character_maximum_length IS NULL THEN '' ELSE '(' || character_maximum_length || ')' END
    AS type,
  is_nullable = 'NO' AS "notnull"
FROM rs.svv_columns;
"""


_WHOLE_AVERAGE = """
CREATE FUNCTION rs.add(state numeric[], value {0}) RETURNS numeric[] LANGUAGE sql IMMUTABLE STRICT AS
  $$ SELECT ARRAY[state[1] + 1, state[2] + value] $$;
CREATE AGGREGATE rs.rs_avg({0}) (SFUNC = rs.add, STYPE = numeric[], FINALFUNC = rs.average, INITCOND = '{{0,0}}');
"""
"""The average of whole numbers is a whole number."""


def setup() -> str:
    """The SQL that makes an empty database into the one behind the stand-in."""
    comparisons = "".join(
        f"CREATE FUNCTION rs.{name}(rs.string, rs.string) RETURNS boolean AS 'bpchar{name}' "
        "LANGUAGE internal IMMUTABLE STRICT;\n"
        f"CREATE OPERATOR rs.{symbol} (LEFTARG = rs.string, RIGHTARG = rs.string, FUNCTION = rs.{name}, "
        f"COMMUTATOR = OPERATOR(rs.{swapped}), NEGATOR = OPERATOR(rs.{opposite}), RESTRICT = {rest});\n"
        for symbol, name, swapped, opposite, rest in _COMPARISONS
    )
    averages = "".join(_WHOLE_AVERAGE.format(kind) for kind in ("bigint", "integer", "smallint"))
    return _TYPE + comparisons + _CLASSES + _FUNCTIONS + averages + _VIEWS
