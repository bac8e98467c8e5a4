"""The words that at least one engine keeps for itself: as names of tables and columns they must be quoted.

DuckDB's are those of `duckdb_keywords()` (2.0), PostgreSQL's those of `pg_get_keywords()` (16), both where reserved;
Redshift's are its documentation's list of reserved words, as sqlglot has it.
"""

from __future__ import annotations

_WORDS = """
aes128 aes256 all allowoverwrite analyse analyze and any array as asc asymmetric authorization az64 backup
between binary blanksasnull both bytedict bzip2 case cast check collate collation column concurrently
constraint create credentials cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user current_user_id default deferrable deflate defrag delta delta32k desc describe
disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false fetch for
foreign freeze from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in
initially inner intersect interval into is isnull join lambda lateral leading left like limit localtime
localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off
offline offset oid old on only open or order outer overlaps parallel partition percent permissions pivot
pivot_longer pivot_wider placing primary qualify raw readratio recover references rejectlog resort respect
restore returning right select session_user show similar snapshot some summarize symmetric sysdate system
system_user table tablesample tag tdes text255 text32k then timestamp to top trailing true truncatecolumns
type union unique unnest unpivot user using variadic verbose wallet when where window with without
"""

RESERVED = frozenset(_WORDS.split())
