"""What is wrong with a setup, and how to fix it: configuration, sources, warehouse, credentials, permissions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress

from sparkify.config.settings import Loaded, Settings, load
from sparkify.contract import Kind
from sparkify.engines.base import Engine
from sparkify.engines.diagnosis import Diagnosis, State, checked, failed
from sparkify.engines.registry import connect
from sparkify.engines.registry import diagnose as diagnose_engine
from sparkify.errors import NoWarehouse, SparkifyError, UsageError
from sparkify.etl.listing import list_sources
from sparkify.etl.mixed_up import refuse_mixed_up
from sparkify.reports.unresolved import find_unresolved
from sparkify.sources.base import Source
from sparkify.sources.files import FileSource
from sparkify.sources.open import opened
from sparkify.storage.aws import credentials_in_words
from sparkify.text import without_password
from sparkify.warehouse.inventory import LAYOUT, read_inventory, refuse_foreign
from sparkify.warehouse.settings import changed_settings, star_settings
from sparkify.warehouse.tables import require_tables

_PROBE = "sparkify_doctor"


class _Undo(Exception):
    """Ends a transaction of which nothing is to stay."""


def diagnose(
    flags: Mapping[str, object], config: str | None = None, profile: str | None = None, *, probe: bool = False
) -> Iterator[Diagnosis]:
    """Check everything, one after another; what depends on a check that failed is skipped.

    `flags`, `config` and `profile` are those of `config.load`; `probe` also tries what documentation leaves open.
    """
    try:
        loaded = load(flags, config, profile)
    except SparkifyError as error:
        yield failed("configuration", error)
        yield from (
            Diagnosis(check, State.SKIPPED, "the configuration must be right first")
            for check in ("sources", "warehouse")
        )
        return
    settings = loaded.settings
    yield Diagnosis("configuration", State.OK, "; ".join((_configured(loaded), *loaded.warnings())))
    yield from _before_opening(settings)
    yield from _sources(settings)
    if settings.log_jsonpath:
        yield checked("log_jsonpath", lambda: _jsonpaths(str(settings.log_jsonpath)))
    yield from _warehouse(settings)
    if probe:
        yield from _probed(settings)


def _probed(settings: Settings) -> Iterator[Diagnosis]:
    try:
        engine = connect(settings.warehouse, settings.access(read_only=True))
    except SparkifyError as error:
        yield Diagnosis("probe", State.SKIPPED, f"the warehouse must open first: {error.what}")
        return
    with closing(engine):
        yield from engine.probe()


def _configured(loaded: Loaded) -> str:
    """Where the settings come from that were given."""
    given = {name: origin for name, origin in loaded.origins.items() if origin != "default"}
    return ", ".join(f"{name} from {origin}" for name, origin in given.items()) or "all at its default"


def _sources(settings: Settings) -> Iterator[Diagnosis]:
    locations = {"logs": settings.logs, "songs": settings.songs}
    for check, location in locations.items():
        others: dict[str, None] = dict.fromkeys(set(locations) - {check})
        if location:
            alone = settings.model_copy(update={**others, "log_jsonpath": None})
            yield checked(check, lambda settings=alone: _listed(settings))  # type: ignore[misc]
        elif any(locations.values()):
            yield Diagnosis(check, State.SKIPPED, "not given")
        else:
            yield Diagnosis(check, State.FAILED, "not given", f"Name it with --{check}, or in sparkify.toml.")
    if settings.logs or settings.songs:
        yield from _apart(settings)


def _apart(settings: Settings) -> Iterator[Diagnosis]:
    """What only both together show: one folder, or one file, that is given as both. Nothing if they are well."""
    try:
        refuse_mixed_up(list_sources(settings.model_copy(update={"log_jsonpath": None})))
    except UsageError as error:
        yield failed("sources", error)
    except SparkifyError:
        return  # one of the two has said so


def _read_first(source: FileSource, kind: Kind) -> None:
    """Read a little of the first file: the right to list does not include the right to read."""
    with opened(source.file(kind, source.listing().files[0])) as stream:
        stream.readinto(memoryview(bytearray(1)))


def _listed(settings: Settings) -> str:
    ((kind, source),) = list_sources(settings).items()
    if not isinstance(source, FileSource):
        return _topic(source)
    _read_first(source, kind)
    files, passed_over = source.listing()
    location = without_password(settings.logs or settings.songs or "")
    said = f"; passed over: {passed_over}" if str(passed_over) else ""
    return f"{location}: {len(files):,} files, {sum(size for _, size, _ in files):,} bytes{said}"


def _topic(source: Source) -> str:
    """Partitions, offsets and retention of a topic; messages are read, for that takes a right of its own."""
    from sparkify.sources.kafka import Topic
    from sparkify.sources.kafka_lag import first_times

    assert isinstance(source, Topic)
    marks = source.marks()
    first_times(source, marks, {number: mark.low for number, mark in marks.items()})
    offsets = sum(mark.high - mark.low for mark in marks.values())
    retention = source.retention_seconds()
    kept = "kept without end" if retention is None else f"kept for {retention / 86_400:,.1f} days"
    return f"{source.uri}: {len(marks):,} partitions, {offsets:,} offsets, may be read; {kept}"


def _jsonpaths(location: str) -> str:
    from sparkify.config.jsonpaths import check_jsonpaths

    return f"{without_password(location)}: {len(check_jsonpaths(location))} fields, those of the contract"


def _warehouse(settings: Settings) -> Iterator[Diagnosis]:
    """Whether the warehouse opens, may be written to, and was built by rules that still hold."""
    url = without_password(settings.warehouse)
    try:
        engine = connect(settings.warehouse, settings.access(read_only=True))
    except NoWarehouse:
        yield Diagnosis("warehouse", State.OK, f"{url}: none yet; sparkify etl makes it")
        return
    except SparkifyError as error:
        yield failed("warehouse", error)
        return
    with closing(engine):
        yield Diagnosis("warehouse", State.OK, f"{url}: opens")
        yield checked("contract", lambda: _contract(engine, settings))
        if {"etl_files", "etl_rejects"} <= engine.table_names():
            yield checked("open", lambda: str(find_unresolved(engine)))
        yield from engine.diagnose()
        is_busy = bool(engine.writer())
    if is_busy:
        yield Diagnosis("writable", State.SKIPPED, "another run is at work")
    else:
        yield checked("writable", lambda: _writable(settings))


def _contract(engine: Engine, settings: Settings) -> str:
    inventory = read_inventory(engine)
    if inventory.is_new and not inventory.foreign:
        return "no tables yet; sparkify etl makes them"
    refuse_foreign(inventory)
    if not inventory.is_new and not inventory.missing and inventory.layout < LAYOUT:
        return "an older version of Sparkify wrote it; the next run brings it up to date"
    require_tables(engine)
    changes = changed_settings(engine, star_settings(settings.unknown_songs, settings.repair_text))
    if changes:
        said = " and ".join(f"{change.setting} changed from {change.before} to {change.now}" for change in changes)
        return f"{said}: the next run rebuilds the star"
    return "built by the rules of this version and these settings"


def _writable(settings: Settings) -> str:
    """Make a table in a transaction that is undone: the only sure proof."""
    opened_warehouse = closing(connect(settings.warehouse, settings.access(read_only=False)))
    with suppress(_Undo), opened_warehouse as engine, engine.writing(), engine.transaction():
        engine.execute_named("tables/try_writing", relations={"probe_table": _PROBE})
        raise _Undo
    return "can be written to; no other process uses it"


def _before_opening(settings: Settings) -> Iterator[Diagnosis]:
    """What it takes to open the warehouse; and with which credentials S3 is read, if the sources are there."""
    named = set()
    for diagnosis in diagnose_engine(settings.warehouse, settings.access(read_only=True)):
        named.add(diagnosis.check)
        yield diagnosis
    if "credentials" not in named and any(_is_in_s3(place) for place in (settings.logs, settings.songs)):
        yield checked("credentials", lambda: credentials_in_words(anonymous=settings.anonymous))


def _is_in_s3(place: str | None) -> bool:
    return (place or "").lower().startswith(("s3://", "s3a://", "s3n://"))
