"""The partitions of topics that a run reads: their numbers in the warehouse, and their offsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sparkify.engines.base import Engine
from sparkify.sources.base import SourceFile
from sparkify.sources.slices import Slice
from sparkify.storage.spool import Spool
from sparkify.warehouse.offsets import SliceRead, advance, set_aside
from sparkify.warehouse.runs import RunLog

if TYPE_CHECKING:
    from sparkify.star.prepared import StarUpdate


class Partitions:
    """The partitions that a run reads; `is_new_topic` says that a topic may take the place of one of before."""

    def __init__(self, slices: Iterable[SourceFile], *, is_new_topic: bool) -> None:
        parts = [part for part in slices if isinstance(part, Slice)]
        self._file_ids = {part.uri: part.file_id for part in parts if part.file_id is not None}
        self._is_new_topic = is_new_topic
        self.accepted: list[str] = []

    def advance(
        self, engine: Engine, spool: Spool, run_log: RunLog, star: StarUpdate, slices: Sequence[SliceRead]
    ) -> None:
        """Move the partitions of a chunk on, in its transaction, and make sure that every offset is accounted for.

        Raises:
            WarehouseError: another run has read on meanwhile.
            CheckFailed: offsets are not accounted for.
        """
        if not slices:
            return
        if self._is_new_topic:
            set_aside(engine, slices)
        advance(engine, spool, run_log.run_id, slices, self._file_ids)
        if accepted := [found.part.accepted for found in slices if found.part.accepted]:
            run_log.accept("; ".join(accepted))
        list(star.check(only="offsets_accounted"))

    def committed(self, slices: Iterable[SliceRead]) -> None:
        """Remember what a chunk has committed: the numbers of new partitions, and accepted losses; tell the sources."""
        ends: dict[int, list[tuple[SourceFile, int]]] = {}
        for found in slices:
            ends.setdefault(id(found.part.source), []).append((found.part, found.offsets.end))
            self._file_ids.setdefault(found.part.uri, found.file_id)
            self.accepted += [found.part.accepted] if found.part.accepted else []
        for those in ends.values():
            those[0][0].source.committed(those)
