"""The documentation as a site: every link leads somewhere, and the reference is made from the code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support import ROOT
from tests.unit.test_docs import _commands

SOURCES = ("mkdocs.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def built(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site")
    done = built(ROOT, path)
    assert done.returncode == 0, done.stderr
    return path


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    pages = {page.with_name("index.html") if page.name == "README.html" else page for page in pages}
    assert {str(page) for page in pages if not (site / page).is_file()} == set()
    assert "Turns a music-streaming company" in (site / "index.html").read_text("utf-8")


def test_the_reference_has_every_command_and_option(site: Path) -> None:
    page = (site / "reference" / "cli.html").read_text("utf-8")
    for name, command in _commands().items():
        assert f">{name}<" in page
        options = [opt for parameter in command.params for opt in parameter.opts if opt.startswith("--")]
        assert [option for option in options if option not in page] == []


def test_the_reference_has_the_python_api(site: Path) -> None:
    page = (site / "reference" / "python.html").read_text("utf-8")
    for name in (
        "sparkify.connect",
        "sparkify.Warehouse.export",
        "sparkify.Answer.polars",
        "sparkify.errors.UsageError",
    ):
        assert f'id="{name}"' in page


@pytest.mark.parametrize("link", ["nowhere.md", "cli.md#nothing", "../nowhere.md"])
def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path, link: str) -> None:
    for name in ("docs", "src"):
        (tmp_path / name).symlink_to(ROOT / name) if name == "src" else shutil.copytree(ROOT / name, tmp_path / name)
    for name in SOURCES:
        shutil.copy(ROOT / name, tmp_path / name)
    page = tmp_path / "docs" / "glossary.md"
    page.write_text(page.read_text("utf-8") + f"\nSee [there]({link}).\n", "utf-8")
    done = built(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert link.rpartition("/")[2].partition("#")[0] in done.stderr
