"""The documents name every table, column, command and option; the example in them is the one that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
import typer
from tests.support import ROOT

from sparkify.cli.app import app
from sparkify.config.settings import FIELDS
from sparkify.engines.base import Engine
from sparkify.sql.definitions import Table, all_tables

SKIPPED = ("generate",)
"""Commands whose options have a page of their own."""


@cache
def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _section(page: str, title: str) -> str:
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", _page(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {title}"
    return found[1]


def _leaves(command: typer.core.TyperGroup, path: str) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name, child in command.commands.items():
        full = f"{path} {name}"
        if isinstance(child, typer.core.TyperGroup):
            yield from _leaves(child, full)
        else:
            assert isinstance(child, typer.core.TyperCommand)
            yield full, child


def _commands() -> dict[str, typer.core.TyperCommand]:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    return dict(_leaves(group, "sparkify"))


@pytest.mark.parametrize("table", all_tables(), ids=lambda table: str(table.name))
def test_every_column_is_in_tables_md(table: Table) -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| (yes)? ?\| (.*) \|$", _section("docs/tables.md", table.name), re.MULTILINE
    )
    given = [(column.name, column.type, "" if column.not_null else "yes", column.about) for column in table.columns]
    assert rows == given


@pytest.mark.parametrize("name", _commands())
def test_every_command_is_in_cli_md(name: str) -> None:
    assert f"`{name}" in _page("docs/cli.md")


@pytest.mark.parametrize("name", _commands())
def test_every_option_is_in_its_page(name: str) -> None:
    page = "docs/generate.md" if name.split()[-1] in SKIPPED else "docs/cli.md"
    options = [option for parameter in _commands()[name].params for option in parameter.opts if option.startswith("--")]
    assert [option for option in options if option not in _page(page)] == []


def test_every_setting_is_in_cli_md() -> None:
    missing = [name for name in FIELDS if f"| `{name}` | `SPARKIFY_{name.upper()}` |" not in _page("docs/cli.md")]
    assert missing == []


def test_every_name_in_the_command_table_is_a_command() -> None:
    named = re.findall(r"^\| `(sparkify [a-z-]+(?: [a-z]+)?)", _page("docs/cli.md"), re.MULTILINE)
    assert sorted(named) == sorted(_commands())


def test_the_example_in_python_api_md_is_the_program() -> None:
    shown = re.search(r"```python\n(.*?)```", _page("docs/python-api.md"), re.DOTALL)
    assert shown
    lines = [line.strip() for line in shown[1].splitlines() if line.startswith("    ")]
    program = [line.strip() for line in _page("examples/etl.py").splitlines()]
    assert lines[0].startswith("summary = warehouse.etl(")
    assert [line for line in lines[1:] if line not in program] == []


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", _page(page))
    assert [target for target in targets if not ((ROOT / page).parent / target).exists()] == []


def test_every_name_in_the_glossary_is_in_the_code() -> None:
    sources = "".join(
        path.read_text("utf-8") for kind in ("py", "sql") for path in (ROOT / "src/sparkify").rglob(f"*.{kind}")
    )
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$", _page("docs/glossary.md"), re.MULTILINE)
    assert len(rows) > 50
    named = {name for _, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert {name for name in named if not re.search(rf"\b{name}\b", sources)} == set()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/how-it-works.md"])
def test_paths_in_the_pages_about_the_code_are_there(page: str) -> None:
    """A path is below the repository, the package, or one of the packages that the page speaks of."""
    named = set(re.findall(r"`((?:\w+/)+(?:[\w.-]+\.\w+)?|[\w/]+\.(?:py|sql|md))`", _page(page)))
    assert len(named) > 20
    package = ROOT / "src/sparkify"
    missing = [
        path
        for path in named
        if not any((base / path).exists() for base in (ROOT, package)) and not list(package.rglob(path))
    ]
    assert missing == []


@pytest.mark.parametrize("title", ["Decision", "How Spark with Iceberg meets it"])
def test_the_page_on_engines_has_every_method(title: str) -> None:
    found = re.search(
        rf"^## {title}\n(.*?)(?=^## )", _page("docs/decisions/0015-engine-interface.md"), re.MULTILINE | re.DOTALL
    )
    assert found
    methods = {name for name in vars(Engine) if not name.startswith("_")} - {"dialect", "capabilities"}
    assert {name for name in methods if not re.search(rf"`{name}[`(]", found[1])} == set()


def test_each_decision_has_a_number_of_its_own() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(page.name.split("-")[0]) for page in pages]
    assert numbers == sorted(set(numbers))
    for number, page in zip(numbers, pages, strict=True):
        assert page.read_text("utf-8").startswith(f"# {number}. "), page.name
