"""Whether the star must be built again from staging, and why."""

from __future__ import annotations

from collections.abc import Mapping

from sparkify.engines.base import Engine
from sparkify.warehouse import settings as stored


def reasons_to_rebuild(
    engine: Engine, settings: Mapping[str, str], reason: str, *, full_refresh: bool
) -> tuple[list[str], list[str]]:
    """Why the star must be built again, and which settings changed that choose files, for which it need not.

    `settings` are those of the run, `reason` is one that is known already, or empty.
    """
    changes = stored.changed_settings(engine, settings)
    reasons = [reason] if reason else []
    reasons += [str(change) for change in changes if change.setting not in stored.LISTING_SETTINGS]
    if not reason and (unknown := stored.missing_settings(engine)):
        reasons.append(f"the warehouse does not say which {', '.join(unknown)} it was built with")
    if full_refresh:
        reasons.append("a full refresh was asked for")
    return reasons, [str(change) for change in changes if change.setting in stored.LISTING_SETTINGS]
