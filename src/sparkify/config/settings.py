"""Settings: a flag beats the environment, the environment beats the file, the file beats the default."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ByteSize, Field, PrivateAttr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sparkify.config.classic import Classic, is_classic, read_classic
from sparkify.config.file import Layer, layers_of, refuse_unknown
from sparkify.config.places import at_home, placed
from sparkify.engines.base import Access
from sparkify.engines.settings import EngineSettings
from sparkify.errors import UsageError
from sparkify.storage.kafka import public_properties
from sparkify.text import seconds_of, without_password

CONFIG_FILE = "sparkify.toml"
PREFIX = "SPARKIFY_"
PROFILE_VARIABLE = "SPARKIFY_PROFILE"
_NO_SETTINGS = ("SPARKIFY_KAFKA__", "SPARKIFY_TEST_")
"""How variables begin that are properties of Kafka's connection, or for the tests of Sparkify itself."""

UnknownSongs = Literal["infer", "null", "drop"]


class MaxRejects(NamedTuple):
    """How many rejects are allowed: both limits must be passed before a run is refused."""

    number: int
    share: float

    def allows(self, rejected: int, read: int) -> bool:
        """Whether so many rejects among so many records read are allowed."""
        return rejected <= self.number or rejected <= self.share * read

    def __str__(self) -> str:
        """As it is written in the settings."""
        if self.number and self.share:
            return f"{self.number} and {self.share:.0%}"
        return f"{self.share:.2%}" if self.share else str(self.number)


DEFAULT_MAX_REJECTS = MaxRejects(number=10, share=0.01)


class Settings(EngineSettings, BaseSettings):
    """All settings. `sources` says where each value came from; `public()` shows them without secrets."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", arbitrary_types_allowed=True)

    warehouse: str = Field("duckdb:///sparkify.duckdb", description="the warehouse, as a URL")
    logs: str | None = Field(
        None,
        description="the folder, file or pattern that holds the logs; or the same in a store, such as s3://bucket/folder",
    )
    songs: str | None = Field(None, description="the folder or the object store that holds the song metadata")
    include: tuple[str, ...] = Field(
        (),
        description="patterns of files that are read beside those that end in .json, .jsonl or .ndjson, such as *.log",
    )
    exclude: tuple[str, ...] = Field((), description="patterns of files that are not read, such as archive/ or *-old.*")
    unknown_songs: UnknownSongs = Field(
        "infer", description="what happens to a play whose song is not in the catalogue: infer, null or drop"
    )
    repair_text: bool = Field(
        True, description="whether names that were encoded to UTF-8 more than once are repaired in the star"
    )
    max_rejects: MaxRejects = Field(
        DEFAULT_MAX_REJECTS,
        description="refuse a run that rejects more records: a number, or a share such as 0.01 or 1%; "
        "by default more than 10 and more than 1 %",
    )
    chunk_bytes: ByteSize = Field(ByteSize(2 * 2**30), description="commit after about this much input, such as 2GiB")
    chunk_files: int = Field(100_000, ge=1, description="commit after this many files")
    memory_limit: str = Field("1GB", description="memory that DuckDB may use; more than that goes to disk")
    schema_: str = Field(
        "", alias="schema", description="the schema that holds the tables, in PostgreSQL; by default public"
    )
    spool: str | None = Field(None, description="the folder for what is under way; by default the system's")
    spool_limit: ByteSize = Field(ByteSize(8 * 2**30), description="disk that the spool may use, such as 8GiB")
    anonymous: bool = Field(False, description="read object stores without signing in, as public buckets allow")
    log_jsonpath: str | None = Field(
        None, description="the JSONPaths file of the classic warehouse; it is compared with the contract"
    )
    kafka: dict[str, Any] = Field(
        {}, description="the connection to Kafka: librdkafka's properties by its own names, as a table [kafka]"
    )
    min_time_left: str = Field(
        "",
        description="warn if retention deletes unread messages of a topic sooner than this, such as 24h; empty: never",
    )
    _password: str = PrivateAttr("")

    @field_validator("kafka", mode="before")
    @classmethod
    def _a_table(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError as error:
            raise ValueError("must be a table, or in the environment an object of JSON") from error

    @field_validator("include", "exclude", mode="before")
    @classmethod
    def _patterns(cls, value: object) -> object:
        patterns = value.split(",") if isinstance(value, str) else value
        if not isinstance(patterns, (list, tuple)) or not all(isinstance(pattern, str) for pattern in patterns):
            raise ValueError("must be a pattern of names, or a list of them")
        return tuple(dict.fromkeys(pattern.strip() for pattern in patterns if pattern.strip()))

    @field_validator("chunk_files", "chunk_bytes", "spool_limit", mode="before")
    @classmethod
    def _not_a_boolean(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("must be a number")
        return value

    @field_validator("chunk_bytes", "spool_limit")
    @classmethod
    def _some_bytes(cls, value: ByteSize) -> ByteSize:
        if value < 1:
            raise ValueError("must be at least one byte")
        return value

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str) -> str:
        if not re.fullmatch(r"\d+(\.\d+)?\s*[KMGT]i?B", value) or not value.strip("0.KMGTiB "):
            raise ValueError("must be a size such as 1GB or 512MB")
        return value

    @field_validator("min_time_left")
    @classmethod
    def _a_duration(cls, value: str) -> str:
        if value:
            seconds_of(value)
        return value

    @field_validator("max_rejects", mode="before")
    @classmethod
    def _a_number_or_a_share(cls, value: object) -> object:
        return value if isinstance(value, MaxRejects) else parse_max_rejects(str(value))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values arrive merged already (see `load`)."""
        return (init_settings,)

    def access(self, *, read_only: bool) -> Access:
        """How the warehouse is to be opened."""
        return Access(read_only, self.memory_limit, self.schema_, self.anonymous, self.of_engines(), self._password)

    def of_engines(self) -> dict[str, Any]:
        """The settings that engines declare for themselves."""
        return {name: getattr(self, name) for name in EngineSettings.model_fields}

    @property
    def kafka_properties(self) -> dict[str, str | int | bool]:
        """librdkafka's properties by its names with dots, however the table was written."""
        return dict(_flattened(self.kafka))

    def with_password(self, password: str) -> Settings:
        """These settings with a password for the warehouse, which is shown and stored nowhere."""
        self._password = password
        return self

    def public(self) -> dict[str, Any]:
        """The settings as they may be shown and kept: no password."""
        values: dict[str, Any] = {name: getattr(self, attribute) for name, attribute in _ATTRIBUTES.items()}
        for name in ("warehouse", "logs", "songs", "copy_spool", "log_jsonpath"):
            values[name] = without_password(values[name]) if values[name] else values[name]
        values["kafka"] = public_properties(self.kafka_properties)
        values |= {"include": ", ".join(self.include), "exclude": ", ".join(self.exclude)}
        values["max_rejects"] = str(self.max_rejects)
        values["chunk_bytes"] = int(self.chunk_bytes)
        values["spool_limit"] = int(self.spool_limit)
        values["direct_from"] = "none" if self.direct_from is None else int(self.direct_from)
        return values


def _flattened(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | int | bool]]:
    """A TOML table with dotted keys is a table of tables: `sasl.username` stands for `"sasl.username"`."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


_MODEL_FIELDS = dict(sorted(Settings.model_fields.items(), key=lambda pair: pair[0] in EngineSettings.model_fields))

FIELDS = {field.alias or name: field for name, field in _MODEL_FIELDS.items()}
"""The settings by the names that users write; those of one engine come last."""

_ATTRIBUTES = {field.alias or name: name for name, field in _MODEL_FIELDS.items()}


class Loaded(NamedTuple):
    """The settings, where each value came from, the classic file if there is one, and variables that are not known."""

    settings: Settings
    origins: dict[str, str]
    classic: Classic | None = None
    unknown_variables: tuple[str, ...] = ()

    def warnings(self) -> list[str]:
        """What is to be said before any work is done; the keys of a classic file are taken up (see `Classic`)."""
        return [*self.unknown_variables, *(self.classic.take_up() if self.classic else ())]


def parse_max_rejects(text: str) -> MaxRejects:
    """A number (`10`) or a share (`0.01`, `1%`).

    Raises:
        ValueError: it is neither.
    """
    if text.isdecimal():
        return MaxRejects(int(text), 0.0)
    share = text.removesuffix("%")
    try:
        value = float(share) / (100 if share != text else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError("must be a number such as 10, or a share such as 0.01 or 1%")
    return MaxRejects(0, value)


def load(flags: Mapping[str, object], config: str | None = None, profile: str | None = None) -> Loaded:
    """Merge flags, environment, the profile and the rest of the file, and defaults.

    `flags` are by the settings' names; None means not given. `config` is a TOML file or a classic `dwh.cfg`; by default
    it is `sparkify.toml` in the working directory, if that is there. `profile` is a table of the file whose settings
    beat those outside of tables; without it SPARKIFY_PROFILE names one, or the key `profile` of the file.

    Raises:
        UsageError: an unknown key or profile, a variable that is not set, or a value of the wrong type; says where it
            came from.
    """
    _refuse_unknown(flags, "setting {}")
    values: dict[str, object] = {}
    origins = dict.fromkeys(FIELDS, "default")
    path = Path(config or CONFIG_FILE)
    classic = read_classic(path) if is_classic(path) and path.is_file() else None
    wanted = profile or os.environ.get(PROFILE_VARIABLE) or ""
    if classic:
        if wanted:
            raise UsageError(f"{path} has no profiles", hint="A sparkify.toml has; sparkify init writes one.")
        in_file: list[Layer] = [(str(path), placed(classic.settings, path.parent))]
    else:
        in_file = layers_of(path, wanted, FIELDS, is_named=bool(config))
    for origin, found in (*in_file, *_from_environment(), *_from_flags(flags)):
        values |= _merged(values, {name: at_home(name, value) for name, value in found.items()})
        origins |= dict.fromkeys(found, origin)
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _wrong_value(error, origins) from error
    if classic and origins["warehouse"] == str(path):  # the file's password is for the file's warehouse alone
        settings = settings.with_password(classic.password)
    return Loaded(settings, origins, classic, unknown_variables())


def _merged(before: Mapping[str, object], found: Mapping[str, object]) -> dict[str, object]:
    """Tables are merged name by name, as that of Kafka's properties; of all else the later one stands alone."""
    merged = dict(found)
    for name, value in found.items():
        if isinstance(value, dict) and isinstance(earlier := before.get(name), dict):
            merged[name] = {**earlier, **value}
    return merged


def unknown_variables() -> tuple[str, ...]:
    """What to say of variables of the environment that look like settings and are none."""
    known = {PREFIX + name.upper() for name in FIELDS} | {PROFILE_VARIABLE}
    found = []
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known and not variable.startswith(_NO_SETTINGS):
            near = difflib.get_close_matches(variable, known, n=1, cutoff=0.6)
            meant = f"; did you mean {near[0]}?" if near else "; sparkify has no such setting"
            found.append(f"the environment variable {variable} is not known{meant}")
    return tuple(found)


def _from_flags(flags: Mapping[str, object]) -> list[tuple[str, dict[str, object]]]:
    return [(f"--{name.replace('_', '-')}", {name: value}) for name, value in flags.items() if value is not None]


def _from_environment() -> list[tuple[str, dict[str, object]]]:
    names = {PREFIX + name.upper(): name for name in FIELDS}
    return [(variable, {name: os.environ[variable]}) for variable, name in names.items() if variable in os.environ]


def _refuse_unknown(names: Iterable[str], what: str) -> None:
    refuse_unknown(names, FIELDS, what)


def _wrong_value(error: ValidationError, origins: Mapping[str, str]) -> UsageError:
    first = error.errors()[0]
    name = str(first["loc"][0])
    is_size = first["type"].startswith("byte_size")
    what = "must be a size such as 64MiB" if is_size else first["msg"].removeprefix("Value error, ")
    about = FIELDS[name].description
    given = without_password(repr(first["input"]))
    return UsageError(
        f"wrong value for {name} (from {origins[name]}): {given}: {what[:1].lower()}{what[1:]}",
        hint=f"{name}: {about}.",
    )
