"""The event simulator: logs and songs of any size, in the form of the real ones.

    from sparkify.generate import GenerateOptions, generate
    summary = generate("demo", GenerateOptions(users=1000, seed=7))

It knows nothing of the warehouse, and nothing heavy is imported before `generate` is called.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sparkify.generate.errors import GenerateError, OptionsError
from sparkify.generate.options import GenerateOptions, Summary

__all__ = ["GenerateError", "GenerateOptions", "OptionsError", "Summary", "generate"]


def generate(
    out: str | Path,
    options: GenerateOptions | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Summary:
    """Simulate users and write `out`/log_data/YYYY/MM/YYYY-MM-DD-events.json and `out`/song_data/A/B/C/TR….json.

    The same options give the same bytes, whatever the number of workers.

    Args:
        out: a folder that is empty or does not exist yet (see `GenerateOptions.force`).
        options: what to simulate; the defaults are 1,000 users for 30 days.
        progress: called with the stage ("songs", "users", "days"), how much of it is done, and its total.

    Raises:
        OptionsError: an option or the configuration asks for what cannot be.
        GenerateError: the output cannot be written; the folder is as it was before.
    """
    from sparkify.generate.run import run

    return run(Path(out), options or GenerateOptions(), progress)
