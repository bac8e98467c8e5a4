"""The stand-in for Redshift: started when it is first asked for, stopped at the end of the process."""

from __future__ import annotations

import atexit
from functools import cache

from tests.redshift.standin import RedshiftStandIn


@cache
def stand_in() -> RedshiftStandIn:
    """The stand-in of this process; tests/redshift/README.md says what it is."""
    server = RedshiftStandIn().__enter__()
    atexit.register(server.__exit__, None, None, None)
    return server
