"""Imports stay cheap: nothing heavy is imported before it is used, and every module can be imported alone."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import sparkify

HEAVY = ("duckdb", "sqlglot", "boto3", "obstore", "pandas", "numpy", "re2", "pyarrow", "altair")
PYDANTIC = ("pydantic", "pydantic_settings")
MODULES = sorted(found.name for found in pkgutil.walk_packages(sparkify.__path__, "sparkify."))

RUN = """
import sys
sys.argv = ["sparkify", *{arguments!r}]
from sparkify.cli import main
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
print("heavy:", *sorted(set({heavy!r}) & set(sys.modules)), file=sys.stderr)
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["etl", "--help"], ["generate", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    # To parse what follows a command, typer itself imports pydantic.
    heavy = HEAVY if len(arguments) > 1 else HEAVY + PYDANTIC
    done = python(RUN.format(arguments=arguments, heavy=heavy))
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "heavy:"
    assert ("sparkify " + sparkify.__version__ if arguments == ["--version"] else "Usage:") in done.stdout


def test_the_package_imports_nothing_heavy() -> None:
    done = python(f"import sys, sparkify; print(*set({HEAVY + PYDANTIC!r}) & set(sys.modules))")
    assert (done.returncode, done.stdout.strip()) == (0, "")


def test_there_are_modules_to_import() -> None:
    assert {"sparkify.etl.run", "sparkify.engines.duckdb.engine", "sparkify.cli.app"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_imports_alone(module: str) -> None:
    done = python(f"import {module}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
