"""How to reach S3, as the tools of AWS find it out: environment, shared files, then what the machine offers.

Keys and tokens are handed on to obstore, and neither shown nor kept.
"""

from __future__ import annotations

import configparser
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify.errors import SourceError, UsageError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Store

DEFAULT_REGION = "us-east-1"
_METADATA = ("169.254.169.254", 80)
_METADATA_SECONDS = 1.0
_SIGN_IN = (
    "sso_session",
    "sso_start_url",
    "role_arn",
    "credential_process",
    "web_identity_token_file",
    "login_session",
)
"""Keys of a profile that say how to get credentials, in place of holding them."""

_WEB_IDENTITY = ("AWS_WEB_IDENTITY_TOKEN_FILE",)
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")

Profile = Mapping[str, str]


def open_bucket(bucket: str, *, anonymous: bool, client: ClientConfig, retry: RetryConfig) -> S3Store:
    """A bucket of S3, or of a server that speaks its protocol.

    Raises:
        UsageError: the environment or the profile is wrong, or a package is missing.
        SourceError: there are no credentials.
    """
    from obstore.store import S3Store

    profile = read_profile()
    endpoint = endpoint_url(profile)
    config: dict[str, Any] = {"region": region(profile)}
    if endpoint:
        config["endpoint"] = endpoint
        client = {**client, "allow_http": endpoint.startswith("http://")}
    provider = None
    if anonymous:
        config["skip_signature"] = True
    else:
        found, provider = _credentials(profile)
        config |= found
    return S3Store(bucket, config=config, client_options=client, retry_config=retry, credential_provider=provider)  # type: ignore[arg-type]


def region(profile: Profile) -> str:
    """The region to ask."""
    return _environment("AWS_REGION", "AWS_DEFAULT_REGION") or profile.get("region") or DEFAULT_REGION


def endpoint_url(profile: Profile) -> str:
    """The URL of the server; empty for that of AWS itself."""
    return _environment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") or profile.get("endpoint_url", "")


def read_profile() -> dict[str, str]:
    """The profile that AWS_PROFILE names, or the default one, from both shared files; credentials beat config.

    Raises:
        UsageError: it is named and not there, or a file cannot be read.
    """
    named = _environment("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
    name = named or "default"
    config = _section("AWS_CONFIG_FILE", name if name == "default" else f"profile {name}")
    credentials = _section("AWS_SHARED_CREDENTIALS_FILE", name)
    if named and config is None and credentials is None:
        raise UsageError(f"there is no AWS profile {name}", hint="Check AWS_PROFILE and ~/.aws/config.")
    return {**(config or {}), **(credentials or {})}


_SHARED_FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
"""Files of AWS's tools in ~/.aws, by the variable that names another one."""


def _shared_file(variable: str) -> Path:
    return Path(os.environ.get(variable) or f"~/.aws/{_SHARED_FILES[variable]}").expanduser()


def _section(variable: str, name: str) -> dict[str, str] | None:
    path = _shared_file(variable)
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        # The message of the parser would quote the line, which may be a key.
        raise UsageError(f"cannot read {path}", hint="It must be readable, and in the form of an INI file.") from None
    return dict(parser[name]) if parser.has_section(name) else None


def _environment(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _credentials(profile: Profile) -> tuple[dict[str, str], Any]:
    """What obstore has to be told of credentials: settings, or an object that gets them when they are needed."""
    identity, secret = _environment("AWS_ACCESS_KEY_ID"), _environment("AWS_SECRET_ACCESS_KEY")
    if bool(identity) != bool(secret):
        raise UsageError("only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set", hint="Set both, or neither.")
    if identity or _environment(*_WEB_IDENTITY):
        return {}, None  # obstore reads these variables itself
    if profile.get("aws_access_key_id") and profile.get("aws_secret_access_key") and "role_arn" not in profile:
        names = {
            "access_key_id": "aws_access_key_id",
            "secret_access_key": "aws_secret_access_key",
            "session_token": "aws_session_token",
        }
        return {ours: profile[theirs] for ours, theirs in names.items() if profile.get(theirs)}, None
    if any(key in profile for key in _SIGN_IN):
        return {}, _provider()
    if not _environment(*_CONTAINER) and not _is_on_a_machine_of_aws():
        raise _no_credentials()
    return {}, None


def _no_credentials() -> SourceError:
    named = _environment("AWS_PROFILE", "AWS_DEFAULT_PROFILE") or "default"
    files = " and ".join(str(_shared_file(variable)) for variable in _SHARED_FILES)
    return SourceError(
        "no AWS credentials found",
        hint=f"Looked in the environment (AWS_ACCESS_KEY_ID, {', '.join((*_WEB_IDENTITY, *_CONTAINER))}), in profile "
        f"{named} of {files}, and for the role of a machine of AWS.\n"
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; for a public bucket set anonymous = true.",
    )


def credentials_in_words(*, anonymous: bool) -> str:
    """Where the credentials come from with which S3 is read. S3 itself is not asked.

    Raises:
        UsageError: the environment or the profile is wrong, or a package is missing.
        SourceError: there are none.
    """
    if anonymous:
        return "none are needed: anonymous = true"
    profile = read_profile()
    settings, provider = _credentials(profile)
    name = _environment("AWS_PROFILE", "AWS_DEFAULT_PROFILE") or "default"
    if settings:
        return f"the keys of profile {name}"
    if provider:
        return f"profile {name} signs in, assumes a role or runs a program"
    for variable in ("AWS_ACCESS_KEY_ID", *_WEB_IDENTITY, *_CONTAINER):
        if _environment(variable):
            return f"from the environment: {variable}"
    return "the role of this machine"


def _provider() -> Any:
    """Credentials by a profile that signs in, assumes a role or runs a program: boto3 knows how."""
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ModuleNotFoundError as error:
        raise UsageError(
            "the AWS profile signs in, assumes a role or runs a program, and that needs the package boto3",
            hint="Install it with: pip install boto3; or put the keys into the environment: "
            "eval $(aws configure export-credentials --format env)",
        ) from error
    try:
        provider = Boto3CredentialProvider()
        provider()
    except Exception as error:  # what boto3 raises has no common base
        raise SourceError(
            f"the AWS profile gives no credentials: {type(error).__name__}",
            hint="Sign in again, such as with: aws sso login",
        ) from error
    return provider


def _is_on_a_machine_of_aws() -> bool:
    if _environment("AWS_EC2_METADATA_DISABLED").lower() == "true":
        return False
    if _environment("AWS_METADATA_ENDPOINT"):
        return True
    try:
        socket.create_connection(_METADATA, _METADATA_SECONDS).close()
    except OSError:
        return False
    return True
