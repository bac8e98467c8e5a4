"""The configuration file that `sparkify init` writes, and the JSON Schema by which editors check and complete it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import ByteSize

from sparkify.config.file import PROFILE
from sparkify.config.settings import FIELDS, MaxRejects

SCHEMA_FILE = ".sparkify.schema.json"
"""Where `init` writes the schema, beside the configuration."""

_SAMPLES = {
    "logs": '"data/log_data"',
    "include": '["*.log", "part-*"]',
    "exclude": '["archive/", "*-old.*"]',
    "songs": '"data/song_data"',
    "spool": '"/var/tmp"',
    "max_rejects": '"1%"',
    "chunk_bytes": '"2GiB"',
    "spool_limit": '"8GiB"',
    "direct_from": '"none"',
    "anonymous": "false",
    "log_jsonpath": '"s3://bucket/log_json_path.json"',
    "min_time_left": '"24h"',
    "kafka": '{ "security.protocol" = "SASL_SSL", "sasl.username" = "loader" }',
}
_HEAD = """\
#:schema ./{schema}
# Settings of Sparkify. A flag or an environment variable SPARKIFY_… beats what is said here.
# ${{NAME}} stands for a variable of the environment; paths are relative to this file.
"""
_PROFILES = """\
# A profile is a table; its settings beat those above. Choose it with --profile prod or SPARKIFY_PROFILE=prod.
#
#     [prod]
#     warehouse = "postgresql://loader@db.example.com/warehouse"
"""


def example(values: Mapping[str, str] | None = None) -> str:
    """A commented configuration file: `values` as they are, every other setting as a comment at its default."""
    given = values or {}
    lines = [_HEAD.format(schema=SCHEMA_FILE)]
    for name, field in FIELDS.items():
        lines.append(f"# {field.description}")
        lines.append(f"{name} = {toml_text(given[name])}" if name in given else f"# {name} = {_sample(name)}")
        lines.append("")
    return "\n".join([*lines, _PROFILES])


def toml_text(text: str) -> str:
    """A text as TOML; its basic strings have the escapes of JSON's, and DEL must be one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _sample(name: str) -> str:
    default = FIELDS[name].default
    if isinstance(default, bool):
        return str(default).lower()
    return _SAMPLES.get(name) or (toml_text(default) if isinstance(default, str) else str(default))


def schema() -> dict[str, Any]:
    """The JSON Schema of a `sparkify.toml`."""
    settings = {name: _schema_of(name) for name in FIELDS}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://sparkify.invalid/schemas/sparkify.toml.v1.json",
        "title": "Settings of Sparkify (sparkify.toml)",
        "type": "object",
        "properties": {
            PROFILE: {"type": "string", "description": "the profile that is used where no other is asked for"},
            **settings,
        },
        "additionalProperties": {
            "type": "object",
            "description": "a profile: its settings beat those outside of tables",
            "properties": settings,
            "additionalProperties": False,
        },
    }


def _schema_of(name: str) -> dict[str, Any]:
    field = FIELDS[name]
    found = {"description": field.description, **_type_of(field.annotation)}
    default = field.default
    if isinstance(default, bool | int | str) and default != "":
        found["default"] = int(default) if isinstance(default, ByteSize) else default
    return found


_VARIABLE = {"type": "string", "pattern": r"\$\{\w+"}
_SIZE = {"type": "string", "description": "a size such as 64MiB"}


def _type_of(annotation: Any) -> dict[str, Any]:
    """The type of a setting; what is no text may be a variable of the environment."""
    arguments = [kind for kind in get_args(annotation) if kind is not type(None)]
    if annotation is bool:
        return {"anyOf": [{"type": "boolean"}, _VARIABLE]}
    if annotation is int:
        return {"anyOf": [{"type": "integer"}, _VARIABLE]}
    if annotation is MaxRejects:
        return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}
    if annotation is ByteSize or ByteSize in arguments:
        return {"anyOf": [{"type": "integer", "minimum": 1}, _SIZE]}
    if get_origin(annotation) is dict:
        return {"type": "object"}
    if get_origin(annotation) is tuple:
        return {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}
    if arguments and all(isinstance(choice, str) for choice in arguments):
        return {"anyOf": [{"enum": arguments}, _VARIABLE]}
    return {"type": "string"}
