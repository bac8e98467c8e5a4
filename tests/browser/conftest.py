"""A real Chromium, axe-core, and a report whose names are hostile."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.needs import missing
from tests.support import ROOT, event, load, song, url_of, write_lines

import sparkify

CHROMIUM = Path(os.environ.get("SPARKIFY_TEST_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

AXE = "axe-core@4.11.0"
CACHE = ROOT / ".pytest_cache" / AXE.replace("@", "-")

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 2">',
    "<!--<script>",
    "{{ 7 * 7 }}",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "a\u2028b",
    "javascript:window.hacked=3",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing("browser", f"Chromium is not at {CHROMIUM}; SPARKIFY_TEST_CHROMIUM may name another place")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core, installed by npm on first use."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        if not shutil.which("npm"):
            missing("axe", "npm, which installs axe-core, is not there")
        _install()
    return script.read_text(encoding="utf-8")


def _install() -> None:
    """Install beside the cache and move into its place, for another worker may do the same."""
    CACHE.parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=CACHE.parent))
    done = subprocess.run(
        ["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--silent", AXE],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        shutil.rmtree(folder)
        missing("axe", f"npm could not install {AXE}: {done.stderr.strip()[-200:]}")
    try:
        folder.rename(CACHE)
    except OSError:
        shutil.rmtree(folder)


def write_report(folder: Path) -> Path:
    """Load the logs and songs of a folder, and write their report."""
    path = folder / "report.html"
    with sparkify.connect(url_of(load(folder))) as warehouse:
        warehouse.report(path)
    return path


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weeks of plays of songs with hostile names, an upgrade and a downgrade, and a reject."""
    folder = tmp_path_factory.mktemp("<b>report")
    events = [
        event(
            ts=1541121934796 + (day * 24 + item) * 3_600_000,
            sessionId=day,
            itemInSession=item,
            userId=str(1 + day // 6),
            level="paid" if day % 4 in (1, 2) else "free",
            page="NextSong" if item < 23 else "Upgrade",
            song=HOSTILE[item % len(HOSTILE)],
            artist=HOSTILE[item % len(HOSTILE)] + " & co",
            location=f"Town, {HOSTILE[item % len(HOSTILE)]}",
        )
        for day in range(25)
        for item in range(24)
    ]
    write_lines(folder / "logs" / "<i>a.json", [*events, '{"<b>": "</script><script>window.hacked = 4</script>"}'])
    write_lines(folder / "songs" / "a.json", [song(title=HOSTILE[0], artist_name=HOSTILE[0] + " & co")])
    return write_report(folder)
