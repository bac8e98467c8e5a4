"""The fork server has done once what every command would do again: a test of the tests."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection

from tests import forked


def _tell(end: Connection) -> None:
    from sparkify.star import prepared

    threads = len(os.listdir(f"/proc/{os.getppid()}/task")) if sys.platform == "linux" else 1
    end.send(("tests.warm" in sys.modules, "pytest" in sys.modules, prepared.prepare.cache_info().currsize, threads))


def test_a_forked_process_finds_modules_imported_and_sql_rendered_and_misses_no_thread() -> None:
    context = forked.server()
    ours, its = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(its,))
    process.start()
    its.close()
    with ours:
        is_warm, has_pytest, rendered, threads = ours.recv()
    process.join()
    assert (is_warm, has_pytest, threads) == (True, True, 1)
    assert rendered >= 6, "of each engine a full load and an incremental one"
