"""What is built and installed: a wheel with the types of the package, and all that it needs at run time."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from tests.support import ROOT

PROGRAM = """
import sparkify

with sparkify.connect("duckdb:///w.duckdb") as warehouse:
    answer = warehouse.query("SELECT 1 AS one")
    reveal_type(answer.columns)
    reveal_type(warehouse.row_counts())
    warehouse.query(1)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, apart from this source."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_a_type_checker_sees_the_types_of_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "program.py"]
    # In site-packages, as pip would put it there: mypy believes a package's types only if it has py.typed.
    environment = {"MYPYPATH": "", "PYTHONPATH": "", "PATH": ""}
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=120)
    packages = next((venv / "lib").glob("python3*/site-packages"))
    for entry in installed.iterdir():
        (packages / entry.name).symlink_to(entry)
    command += ["--python-executable", str(venv / "bin" / "python")]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    said = done.stdout
    assert 'Revealed type is "tuple[str, ...]"' in said.replace("builtins.", ""), said + done.stderr
    assert 'Revealed type is "dict[str, int]"' in said.replace("builtins.", "")
    assert 'has incompatible type "int"; expected "str"' in said
    assert "py.typed" not in said and "Skipping analyzing" not in said


def test_the_wheel_has_all_that_is_no_module(installed: Path) -> None:
    source = ROOT / "src"
    wanted = {str(path.relative_to(source)) for path in (source / "sparkify").rglob("*") if path.is_file()}
    wanted = {name for name in wanted if "__pycache__" not in name}
    there = {str(path.relative_to(installed)) for path in (installed / "sparkify").rglob("*") if path.is_file()}
    assert wanted <= there
    assert (installed / "sparkify" / "py.typed").is_file()


def test_the_small_environment_of_the_demo_has_what_the_package_needs_and_no_more() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = {re.split(r"[<>=\[]", name)[0] for name in project["dependencies"]}
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE))
    assert needed <= set(pinned)
    for heavy in ("pandas", "pyarrow", "polars", "boto3", "altair", "playwright", "mypy", "pytest"):
        assert heavy not in pinned
    of_development = (ROOT / "requirements-dev.txt").read_text("utf-8")
    assert [name for name, version in pinned.items() if f"{name}=={version}" not in of_development] == []
