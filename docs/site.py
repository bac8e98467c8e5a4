"""What the site has beside the pages of docs/: the README as its first page, and the reference, made from the code.

MkDocs calls the functions `on_…` while it builds (https://www.mkdocs.org/dev-guide/plugins/#events).
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages outside of docs/, by their name there, and what they are called in the site."""
_LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that docs/ does not hold."""
    from mkdocs.structure.files import File

    made = {target: (ROOT / source).read_text("utf-8") for source, target in PAGES.items()}
    made |= {"reference/cli.md": "".join(command_line()), "reference/python.md": PYTHON}
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Lead links to pages outside of docs/ to what stands for them; files that are no pages are named, not linked."""
    here = page.file.src_uri
    origin = next((source for source, target in PAGES.items() if target == here), f"docs/{here}")

    def led(match: re.Match[str]) -> str:
        target = match[1]
        if "://" in target or here.startswith("reference/"):
            return target
        path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
        inside = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else "")
        return posixpath.relpath(inside, posixpath.dirname(here) or ".") if inside else target

    return _without_links_outside(_LINK.sub(led, markdown), here, files)


def _without_links_outside(markdown: str, here: str, files: Files) -> str:
    """Text in the place of links to files of the repository that are no part of the site."""

    def kept(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target.partition("#")[0]))
        is_outside = "://" not in target and not target.startswith("#") and files.get_file_from_path(path) is None
        exists = (ROOT / "docs" / path).exists() or (ROOT / path).exists()
        return text if is_outside and exists else match[0]

    return re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", kept, markdown)


PYTHON = """\
# Python reference

Made from the code. [The Python API](../python-api.md) says how to use it.

::: sparkify.connect

::: sparkify.compare

::: sparkify.Warehouse

::: sparkify.Answer

## Errors

::: sparkify.errors
    options:
      show_root_heading: false
      heading_level: 3
"""


def command_line() -> Iterator[str]:
    """Every command with its options and their help, as it prints it."""
    import typer

    sys.path.insert(0, str(ROOT / "src"))
    from sparkify.cli.app import app

    yield "# Every command and option\n\nMade from the code. [Command line](../cli.md) says what each is for.\n"
    os.environ["COLUMNS"] = "100"
    yield from _commands(typer.main.get_command(app), "sparkify", None)


def _commands(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.make_context(name, [], parent=parent, resilient_parsing=True)
    yield f"\n## {name}\n\n```\n{command.get_help(context).strip()}\n```\n"
    for child, found in getattr(command, "commands", {}).items():
        yield from _commands(found, f"{name} {child}", context)
