"""The schemas of docs/schemas: a document of `--output json` keeps to its own."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
from tests.support import ROOT

FOLDER = ROOT / "docs" / "schemas"
OF_COMMAND = {
    "analyze --list": "questions",
    "analyze --only": "answers",
    "rejects list": "rejects",
    "rejects show": "reject",
    "rejects replay": "etl",
    "etl --follow": "follow",
    "cluster create": "cluster",
    "cluster status": "cluster",
    "cluster destroy": "cluster-destroy",
}
"""The schemas of commands whose first word is not that of the schema."""


def schema_of(command: str) -> str:
    """The name of the schema of a command's document; options may follow its name."""
    return next((name for start, name in OF_COMMAND.items() if command.startswith(start)), command.split()[0])


@cache
def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.v1.json").read_text("utf-8"))
    jsonschema.validators.validator_for(found).check_schema(found)
    return found


def faults(document: object, name: str) -> list[str]:
    """Where a document breaks the schema of that name."""
    validator = jsonschema.validators.validator_for(schema(name))(schema(name))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
