"""What etl and plan say alike of what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sparkify.cli.output import count_of, plain_text, say, warn
from sparkify.sources.base import shown

MOST_SHOWN = 3
"""Files that are named of many that are alike."""


def say_other_rules(read_again: int, gone: int, what: str) -> None:
    """Say what became of files that another version read by other rules."""
    if read_again:
        say(f"the rules of reading have changed: {count_of(read_again, 'file')} {what}")
    if gone:
        say(f"the rules of reading have changed: {count_of(gone, 'file')} no longer in the source keep their rows")


def say_unpaired(uris: Sequence[str]) -> None:
    """Warn of files with brackets between records that have no partner."""
    for uri in uris[:MOST_SHOWN]:
        warn(f"warning: {plain_text(shown(uri))}: its brackets [ ] do not pair; was it cut off?")
    if len(uris) > MOST_SHOWN:
        warn(f"warning: the brackets [ ] of {len(uris) - MOST_SHOWN:,} more files do not pair")


def say_passed_over(passed_over: Mapping[str, Mapping[str, object]]) -> None:
    """Say what was not read because of its name, by kind of source."""
    from sparkify.sources.names import in_words

    for kind, found in passed_over.items():
        if said := in_words(found):
            how = "; --include reads files of other names too" if found["endings"] else ""
            say(f"passed over in {'logs' if kind == 'events' else kind}: {plain_text(said)}{how}")
