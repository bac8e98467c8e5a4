"""What the design says and the code does not do yet; this file goes when both are true."""

from __future__ import annotations

from sparkify import contract

HAS_TIME_IN_IDENTITY = contract.CONTRACT_VERSION >= 4
"""A play is (userId, sessionId, itemInSession, ts)."""

HAS_GRAMMAR = hasattr(contract, "READING_VERSION")
"""One grammar, failed files, the topic form, `""` for any number, empty titles, and shorter limits of some texts."""
