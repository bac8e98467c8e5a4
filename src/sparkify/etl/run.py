"""The flow on one page: plan, then for every chunk of files stage, transform, check, commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from sparkify.config.settings import Settings
from sparkify.contract import RECORD_TYPES
from sparkify.engines.base import Conflict, Engine
from sparkify.errors import FileError, UsageError, WarehouseError
from sparkify.etl.growth import GrownFiles
from sparkify.etl.listing import Sources, chunks_of, chunks_of_slices, list_sources
from sparkify.etl.meanwhile import ChangedMeanwhile, raise_if_changed
from sparkify.etl.partitions import Partitions
from sparkify.etl.plan import Plan, compare, of_open_rejects
from sparkify.etl.rebuild import reasons_to_rebuild
from sparkify.etl.session import Commit, Kept, Session
from sparkify.etl.steps import Steps
from sparkify.etl.summary import OnProgress, Options, Summary
from sparkify.etl.warned import Warned
from sparkify.sources.base import NotGrown, SourceFile, keeps_changing, shown
from sparkify.sources.fetch import Fetcher, size_of_copies
from sparkify.storage.spool import Spool, SpoolFull
from sparkify.version import __version__
from sparkify.warehouse import settings as stored
from sparkify.warehouse.manifest import (
    Entry,
    follow_tags,
    mark_other_rules,
    read_manifest,
    read_state,
    record_commit,
    unchanged_state,
)
from sparkify.warehouse.offsets import slices_of
from sparkify.warehouse.rejects import refuse
from sparkify.warehouse.replays import Replay, apply_replays, give_to_files, keep_replays
from sparkify.warehouse.runs import RunLog
from sparkify.warehouse.tables import open_for_writing

if TYPE_CHECKING:
    from sparkify.etl.load import ChunkLoader
    from sparkify.etl.reading import ChunkReader
    from sparkify.reader.batch import ReadChunk
    from sparkify.star.prepared import Repairs, StarUpdate

T = TypeVar("T")

MOST_ATTEMPTS = 4
"""How often a chunk is tried that meets other writers."""


class Run:
    """One run of the etl."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        options: Options | None = None,
        report: OnProgress | None = None,
        session: Session | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._options = options or Options()
        self._session = session or Session()
        self._summary = Summary()
        self._steps = Steps(report, self._summary.seconds)
        listing = stored.listing_settings(settings.include, settings.exclude)
        star = stored.star_settings(settings.unknown_songs, settings.repair_text)
        self._stored_settings = star | listing | stored.reading_settings()
        self._repaired: set[str] = set()
        self._warned = Warned()

    def run(self, sources: Sources | None = None, planned: Plan | None = None) -> Summary:
        """Bring the warehouse up to its sources, which may have been listed already.

        `planned` is what is to be done if the manifest still is as the session has kept it.

        Raises:
            SparkifyError: what went wrong; the warehouse is at its last committed chunk, and `etl_runs` says why.
        """
        with self._steps.timed("list"):
            listed = sources or list_sources(self._settings)
        return self._run_alone(
            lambda: self._plan(listed, planned),
            self._work,
        )

    def _plan(self, listed: Sources, planned: Plan | None) -> Plan:
        kept = self._session.kept
        if planned and kept and kept.state == self._known:
            return planned
        return compare(listed, read_manifest(self._engine), reread=self._options.reread, start=self._options.start)

    def run_rejected_again(self) -> Summary:
        """Read the files of open rejects again, wherever they are.

        Raises:
            SparkifyError: as for `run`.
        """
        anonymous = self._settings.anonymous
        return self._run_alone(lambda: of_open_rejects(read_manifest(self._engine), anonymous=anonymous), self._work)

    def run_replays(self, replays: Sequence[Replay]) -> Summary:
        """Load records in the place of rejects that are open. No source is read.

        Raises:
            SparkifyError: what went wrong; nothing was loaded.
        """
        return self._run_alone(lambda: replays, self._load_replays)

    def _run_alone(self, make: Callable[[], T], work: Callable[[T], None]) -> Summary:
        """Do what a plan says, as the one writer: no other run takes this run's number, or takes it for interrupted."""
        with self._engine.writing():
            opened = open_for_writing(self._engine, full_refresh=self._options.full_refresh)
            self._summary.migrated = opened.migrated
            self._rebuild = opened.rebuild
            return self._recorded(make, work)

    def _recorded(self, make: Callable[[], T], work: Callable[[T], None]) -> Summary:
        """Do what a plan says, and write the history."""
        self._log = RunLog(self._engine, __version__, self._settings.public(), self._session.begun)
        self._session.begun = self._log.begun
        self._summary.run_id = self._log.run_id
        try:
            with self._steps.timed("plan"):
                mark_other_rules(self._engine)
                self._known = read_state(self._engine)
                plan = make()
            spool = Spool(self._settings.spool, self._settings.spool_limit)
            with spool as self._spool, Fetcher(spool) as self._fetcher:
                self._engine.use(self._settings.of_engines(), spool)
                work(plan)
        except BaseException as error:
            with suppress(WarehouseError):  # a warehouse that is out of reach must not hide the reason
                self._log.finish_failed(error)
            self._note_what_stays(error)
            raise
        self._log.finish("done")
        if self._session.keeps_manifest:
            self._session.kept = Kept(self._known, read_manifest(self._engine))
        self._summary.spent = {name: round(value, 3) for name, value in self._engine.spent.items()}
        return self._summary.finished()

    def _note_what_stays(self, error: BaseException) -> None:
        """Say beside an error what it has left behind."""
        if self._summary.rebuilt_because:
            error.add_note(f"Before that, the star was rebuilt: {self._summary.rebuilt_because}.")
        done = f"{self._summary.chunks:,} of this run" if self._summary.chunks else "none of this run"
        error.add_note(f"The warehouse is at its last committed chunk ({done}).")

    def _work(self, plan: Plan) -> None:
        self._summary.count_plan(plan)
        files = [self._with_way(file) for file in plan.to_load]
        self._steps.total = sum(file.unread for file in (*files, *plan.slices))
        self._replaced = {file.uri: entry for file, entry in plan.changed}
        self._grown = GrownFiles(plan.grown)
        self._partitions = Partitions(plan.slices, is_new_topic=self._options.start.from_beginning)
        chunks = chain(chunks_of(files, self._settings), chunks_of_slices(plan.slices))
        chunk = next(chunks, [])
        self._fetcher.begin(chunk)
        self._follow_tags(plan)
        self._rebuild_if_needed(self._rebuild)
        while chunk and not self._session.stop():
            self._following: list[SourceFile] | None = None
            self._load_in_parts(chunk, chunks)
            chunk = self._following or []
        if self._options.prune and plan.vanished and not self._session.stop():
            self._load([], plan.vanished)
            self._summary.files_removed = len(plan.vanished)

    def _with_way(self, file: SourceFile) -> SourceFile:
        """The file, marked if the engine is to read it where it is."""
        return replace(file, by_engine=self._engine.reads_itself(file))

    def _follow_tags(self, plan: Plan) -> None:
        """Write down the new tags of files that have their old content."""
        if not plan.retagged:
            return
        with self._engine.transaction():
            follow_tags(self._engine, ((entry.file_id, tag) for entry, tag in plan.retagged), self._spool)

    def _rebuild_if_needed(self, reason: str) -> None:
        """Rebuild the star from staging, if there is a reason, it was asked for, or a setting changed."""
        reasons, self._summary.listing_changed = reasons_to_rebuild(
            self._engine, self._stored_settings, reason, full_refresh=self._options.full_refresh
        )
        if not reasons:
            if self._summary.listing_changed:
                with self._engine.transaction():
                    stored.store_settings(self._engine, self._stored_settings)
            return
        from sparkify.etl.shape import chunk_of
        from sparkify.star.prepared import clear, prepare

        shape = chunk_of(self._settings, RECORD_TYPES, in_full=True)
        self._summary.rebuilt_because = " and ".join(reasons)
        with self._transaction():
            clear(self._engine)
            star = prepare(self._engine.dialect, shape).begin(self._engine)
            self._transform(star)
            self._check(star)
            star.drop_temporary()
            self._known = record_commit(self._engine, self._known, self._known.last_file)

    def _load_in_parts(self, files: list[SourceFile], chunks: Iterator[list[SourceFile]] | None = None) -> None:
        """Load a chunk, in halves if the spool is too small for it; meanwhile the next one of `chunks` is fetched."""
        try:
            self._fetch_and_load(files, chunks)
        except SpoolFull as error:
            self._fetcher.drop()
            if len(files) == 1 and (chunks is None or not self._following):
                raise UsageError(
                    f"spool_limit ({self._settings.spool_limit.human_readable()}) is too small "
                    f"for {shown(files[0].uri)}",
                    hint="Raise spool_limit; the copy of an object and what it unpacks to must fit.",
                ) from error
            middle = (len(files) + 1) // 2
            self._load_in_parts(files[:middle])
            if files[middle:]:
                self._load_in_parts(files[middle:])

    def _fetch_and_load(self, files: list[SourceFile], chunks: Iterator[list[SourceFile]] | None) -> None:
        try:
            if size_of_copies(files):
                with self._steps.timed("fetch"):
                    if not self._fetcher.finish(files, self._session.stop):
                        return
            if chunks is not None:
                self._following = next(chunks, []) if self._following is None else self._following
                self._fetcher.begin(self._following)
            self._load(files, [self._replaced[file.uri] for file in files if file.uri in self._replaced])
        finally:
            self._fetcher.release(files)
        self._steps.done += sum(file.unread for file in files)

    def _load(self, files: list[SourceFile], gone: list[Entry]) -> None:
        """Load a chunk; once more if a file changed meanwhile, or another run was met."""
        unreadable: dict[str, FileError] = {}
        changed: set[str] = set()
        conflicts = 0
        while True:
            try:
                return self._try(files, gone, unreadable)
            except NotGrown as found:
                files, gone = self._grown.as_changed(found.file, files, gone)
            except ChangedMeanwhile as found:
                if found.file.uri in changed:
                    unreadable[found.file.uri] = keeps_changing(found.file)
                changed.add(found.file.uri)
            except Conflict:
                conflicts += 1
                if conflicts == MOST_ATTEMPTS:
                    raise
                time.sleep(conflicts)
            finally:
                self._engine.forget_held()
                self._spool.clear()

    def _try(self, files: list[SourceFile], gone: list[Entry], unreadable: Mapping[str, FileError]) -> None:
        from sparkify.etl.load import ChunkLoader
        from sparkify.etl.reading import ChunkReader, numbered
        from sparkify.etl.refusal import raise_first_failure, take_unseen
        from sparkify.etl.shape import chunk_of
        from sparkify.star.prepared import prepare

        state = unchanged_state(self._engine, self._known)
        first_new = state.last_file + 1
        # The SQL is written while the files are read: together they keep both cores busy.
        with ThreadPoolExecutor(1) as background:
            kinds = {file.kind for file in files} | {entry.kind for entry in gone}
            shape = chunk_of(self._settings, kinds, in_full=first_new == 1, removes=bool(gone), files=files)
            future = background.submit(prepare, self._engine.dialect, shape)
            reader = ChunkReader(self._engine, self._spool, self._steps.of_files(), unreadable)
            with self._steps.timed("read"):
                chunk = reader.read(numbered(files, first_new))
            self._summary.not_direct |= self._engine.not_held
            star = future.result().begin(self._engine, first_new)
        if self._options.fail_fast:
            raise_first_failure(chunk)
        unseen, gone = take_unseen(chunk, gone, self._grown.among(files))
        slices = slices_of(chunk.files)
        loader = ChunkLoader(self._engine, self._spool, self._log.run_id, first_new)
        with self._loaded(loader, chunk, reader):
            loader.keep(unseen)
            if shape.removes:
                loader.forget(gone)
            loader.apply_replays(chunk)
            chunk.read_again = self._grown.begin(self._engine, self._spool, chunk)
            self._refuse_if_too_many(chunk)
            self._transform(star)
            self._check(star)
            self._grown.give(self._engine)
            self._partitions.advance(self._engine, self._spool, self._log, star, slices)
            self._log.add(len(chunk.files), 0 if files else len(gone), chunk.records, chunk.rejected)
            loader.drop_temporary()
            star.drop_temporary()
            state = record_commit(self._engine, state, max(file.file_id for file in chunk.files) if chunk.files else 0)
        self._known = state
        self._summary.count(chunk, unseen)
        self._partitions.committed(slices)
        self._summary.accepted = self._partitions.accepted
        self._session.tally.add(*chunk.rejected_of)
        self._session.on_commit(Commit.of(chunk))

    @contextmanager
    def _loaded(self, loader: ChunkLoader, chunk: ReadChunk, reader: ChunkReader) -> Iterator[None]:
        """A transaction that begins with the rows of a chunk.

        It begins again if files turned out not to be canonical, which are read record by record then.
        """
        from sparkify.etl.load import NotCanonical

        while True:
            is_loaded = False
            try:
                with self._transaction():
                    unchanged_state(self._engine, self._known)
                    self._load_rows(loader, chunk, reader)
                    is_loaded = True
                    yield
                return
            except NotCanonical as found:
                if is_loaded:
                    raise
                reader.recover(chunk, found.file_ids)

    def _load_rows(self, loader: ChunkLoader, chunk: ReadChunk, reader: ChunkReader) -> None:
        with self._steps.timed("load"):
            try:
                loader.load(chunk, lambda file_ids: reader.recover(chunk, file_ids))
            except WarehouseError:
                raise_if_changed(chunk)  # the engine knows a file that is gone by a link in the spool alone
                raise
            raise_if_changed(chunk)

    def _load_replays(self, replays: Sequence[Replay]) -> None:
        """Load the records of replays into staging under numbers above the last file's, then under their files'."""
        from sparkify.etl.shape import chunk_of
        from sparkify.star.prepared import prepare

        self._rebuild_if_needed(self._rebuild)
        last = self._known.last_file
        first_file = min(replay.reject.file_id for replay in replays)
        kinds = {replay.reject.kind for replay in replays}
        shape = chunk_of(self._settings, kinds, removes=False)
        with self._transaction():
            unchanged_state(self._engine, self._known)
            with self._steps.timed("load"):
                keep_replays(self._engine, self._log.run_id, replays, self._spool)
                resolved = apply_replays(self._engine, first_file, shift=last)
            star = prepare(self._engine.dialect, shape).begin(self._engine, last + 1)
            self._transform(star)
            self._check(star)  # while the rows can still be told from those of before
            give_to_files(self._engine, last)
            list(star.check(first_file, only="files_accounted"))
            star.drop_temporary()
            state = record_commit(self._engine, self._known, last)
        self._known = state
        self._summary.count_replays(replays, resolved)

    def _refuse_if_too_many(self, chunk: ReadChunk) -> None:
        rejected, read = self._session.tally.with_chunk(*chunk.rejected_of)
        if not self._settings.max_rejects.allows(rejected, read):
            limit = str(self._settings.max_rejects)
            refuse(self._engine, self._log.run_id, f"{rejected:,} of {read:,}", limit, self._options.rejects_file)

    def _transform(self, star: StarUpdate) -> None:
        with self._steps.timed("transform"):
            star.transform()
            self._count_repairs(star.repairs())
            stored.store_settings(self._engine, self._stored_settings)

    def _check(self, star: StarUpdate) -> None:
        with self._steps.timed("check"):
            for finding in star.check():
                self._summary.warnings[finding.check.name] = (self._warned.count(finding), finding.check.about)

    def _count_repairs(self, repairs: Repairs) -> None:
        self._repaired |= repairs.texts
        self._summary.repaired_texts = len(self._repaired)
        self._summary.repaired_rows += repairs.rows

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One chunk; how long its commit takes is noted."""
        with ExitStack() as commit, self._engine.transaction():
            yield
            commit.enter_context(self._steps.timed("commit"))
        self._summary.chunks += 1
