"""`dwh.cfg`, the INI file of the classic version of this warehouse, read as it is.

Its sections are [AWS], [DWH], [CLUSTER], [IAM_ROLE] and [S3]; its values may be quoted. Keys of AWS and passwords in it
are used, and kept out of everything that is shown or stored. Many hands have written such files, each with keys of its
own: those are passed over with a warning, unless they look like a typing error.
"""

from __future__ import annotations

import configparser
import difflib
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from sparkify.errors import UsageError

ENDINGS = (".cfg", ".ini")
"""How the name of a classic file ends."""

KNOWN = {
    "AWS": ("KEY", "SECRET", "TOKEN", "REGION"),
    "DWH": (
        "DWH_CLUSTER_TYPE", "DWH_NUM_NODES", "DWH_NODE_TYPE", "DWH_IAM_ROLE_NAME", "DWH_CLUSTER_IDENTIFIER", "DWH_DB",
        "DWH_DB_USER", "DWH_DB_PASSWORD", "DWH_PORT",
    ),
    "CLUSTER": ("HOST", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_PORT"),
    "IAM_ROLE": ("ARN",),
    "S3": ("LOG_DATA", "LOG_JSONPATH", "SONG_DATA"),
}  # fmt: skip
"""The sections and their keys."""

_SLIP = 0.8
"""How alike, of 1, an unknown name and a known one that is missing must be to be taken for a typing error."""

_NAME = re.compile(r"\w[\w-]{0,29}", re.ASCII)
"""What is shown as the name of a section or a key. Longer ones may be a part of a secret that broke over lines."""

_SETTINGS = {
    ("S3", "LOG_DATA"): "logs",
    ("S3", "SONG_DATA"): "songs",
    ("S3", "LOG_JSONPATH"): "log_jsonpath",
    ("IAM_ROLE", "ARN"): "copy_role",
}
_PROCESS = {
    ("AWS", "KEY"): "AWS_ACCESS_KEY_ID",
    ("AWS", "SECRET"): "AWS_SECRET_ACCESS_KEY",
    ("AWS", "TOKEN"): "AWS_SESSION_TOKEN",
}
_SIGNED_IN = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")
"""What in the environment says already who is signed in."""


@dataclass(frozen=True)
class Classic:
    """What a classic file says.

    `settings` are by their names here. `cluster` are the values of [DWH] by their keys, for `sparkify cluster`.
    `password` is for the warehouse; `aws_keys` are by the names of environment variables. Neither is in any text of it.
    `unknown` says what in the file was passed over.
    """

    path: str
    settings: Mapping[str, str]
    cluster: Mapping[str, str]
    region: str = ""
    password: str = field(default="", repr=False)
    aws_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    unknown: tuple[str, ...] = ()

    def take_up(self) -> list[str]:
        """Sign in with the file's keys (see `sign_in`); what is to be said as warnings comes back."""
        return [*self.unknown, *filter(None, [self.sign_in()])]

    def sign_in(self) -> str:
        """Let AWS's libraries in this process use the file's keys, and say so; who is signed in already stays so.

        An empty text comes back if there are no keys in the file.
        """
        if self.region and not any(name in os.environ for name in ("AWS_REGION", "AWS_DEFAULT_REGION")):
            os.environ["AWS_DEFAULT_REGION"] = self.region
        if not self.aws_keys:
            return ""
        chain = "AWS's credential chain: AWS_PROFILE, the environment, `aws configure` or `aws sso login`"
        used = next((name for name in _SIGNED_IN if os.environ.get(name)), "")
        if used and any(os.environ.get(name) != value for name, value in self.aws_keys.items()):
            return f"the AWS keys in {self.path} are not used, for {used} is set; take them out of the file"
        os.environ.update(self.aws_keys)
        return f"the AWS keys in {self.path} are used; keys are safer in {chain}"


def is_classic(path: Path) -> bool:
    """Whether a configuration file is a classic one, by its name."""
    return path.suffix.lower() in ENDINGS


def read_classic(path: Path) -> Classic:
    """Read a classic file.

    Raises:
        UsageError: it is no INI file, or the name of a section or a key is nearly a known one; no value is in the
            message.
    """
    parser = _parsed(path)
    unknown = list(_passed_over(parser, path))
    values = _values(parser, path)
    settings = {name: values[place] for place, name in _SETTINGS.items() if place in values}
    if warehouse := _warehouse(path, values):
        settings["warehouse"] = warehouse
    aws_keys = {name: values[place] for place, name in _PROCESS.items() if place in values}
    if ("AWS_ACCESS_KEY_ID" in aws_keys) != ("AWS_SECRET_ACCESS_KEY" in aws_keys):
        raise UsageError(f"{path} holds one of KEY and SECRET in [AWS], not both", hint="Give both, or neither.")
    return Classic(
        str(path),
        settings,
        {key: value for (section, key), value in values.items() if section == "DWH" and key != "DWH_DB_PASSWORD"},
        values.get(("AWS", "REGION"), ""),
        values.get(("CLUSTER", "DB_PASSWORD"), ""),
        aws_keys,
        tuple(unknown),
    )


def _parsed(path: Path) -> configparser.ConfigParser:
    """The file's sections, and in each its keys and their values; a section [DEFAULT] is one like any other."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except configparser.Error as error:
        # What the parser says may quote a line, and a line may hold a secret.
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), (None,))[0]
        where = f"{path}, line {line}" if line else str(path)
        raise UsageError(
            f"cannot read {where}: it is no INI file, or says something twice",
            hint="It must hold sections such as [CLUSTER] and lines such as HOST=….",
        ) from None
    except (UnicodeDecodeError, OSError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="It must be a text in UTF-8.") from error
    return parser


def _values(parser: configparser.ConfigParser, path: Path) -> dict[tuple[str, str], str]:
    """The values of known keys that are not empty, by section and key."""
    found: dict[tuple[str, str], str] = {}
    for section in parser.sections():
        for key, value in parser.items(section):
            place = section.upper(), key.upper()
            if place in found:
                raise UsageError(f"{path} says {place[1]} of [{place[0]}] twice", hint="Say it once.")
            if place[1] in KNOWN.get(place[0], ()) and (text := _unquoted(value)):
                found[place] = text
    return found


def _passed_over(parser: configparser.ConfigParser, path: Path) -> Iterator[str]:
    """What in the file is not known, a line each.

    Raises:
        UsageError: a name looks like a typing error.
    """
    sections = [section.upper() for section in parser.sections()]
    yield from _unknown(sections, KNOWN, "section [{}]", path)
    for section in parser.sections():
        if known := KNOWN.get(section.upper()):
            keys = [key.upper() for key in parser.options(section)]
            yield from _unknown(keys, known, f"key {{}} of [{section}]", path)


def _unknown(names: Iterable[str], known: Collection[str], what: str, path: Path) -> Iterator[str]:
    """Which names are not known, and which known one is nearest; one that is nearly a missing one is an error."""
    given = set(names)
    for name in sorted(given - set(known)):
        said = f"unknown {what.format(name if _NAME.fullmatch(name) else '…')} in {path}"
        candidates = sorted(key for key in set(known) - given if _same_subject(name, key, known))
        missing = difflib.get_close_matches(name, candidates, n=1, cutoff=_SLIP)
        if missing:
            raise UsageError(said, hint=f"Did you mean {missing[0]}?")
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        yield f"{said} is passed over; " + (f"the nearest known is {near[0]}" if near else f"known: {', '.join(known)}")


def _same_subject(name: str, key: str, known: Collection[str]) -> bool:
    """Whether a name can be meant for a key: SONG_JSONPATH is about songs, as SONG_DATA is, so never LOG_JSONPATH."""
    subject = name.partition("_")[0]
    return subject == key.partition("_")[0] or subject not in {other.partition("_")[0] for other in known}


def _unquoted(value: str) -> str:
    text = value.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _warehouse(path: Path, values: Mapping[tuple[str, str], str]) -> str:
    """The URL of the cluster that [CLUSTER] names; else of the stack that [DWH] names, once it is made."""
    host = values.get(("CLUSTER", "HOST"))
    if not host:
        name = values.get(("DWH", "DWH_CLUSTER_IDENTIFIER"), "").lower()
        return f"redshift://?stack={quote(name)}" if name else ""
    if any(sign in host for sign in "/@?#"):
        raise UsageError(
            f"HOST in {path} is no name of a host", hint="Such as name.abc.us-west-2.redshift.amazonaws.com."
        )
    user = values.get(("CLUSTER", "DB_USER"), "")
    port = values.get(("CLUSTER", "DB_PORT"), "5439")
    name = values.get(("CLUSTER", "DB_NAME"), "dev")
    return f"redshift://{quote(user, safe='')}{'@' if user else ''}{host}:{port}/{quote(name, safe='')}"
