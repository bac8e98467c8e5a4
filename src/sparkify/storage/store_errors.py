"""What an object store answered, in our words: what happened, where, and what to do.

obstore hands on the answers of a store as text. Only codes and names are taken from it: an answer may quote the
identity of a key, or the request as it was signed.
"""

from __future__ import annotations

import re

from obstore.exceptions import InvalidPathError

from sparkify.errors import CannotOpen, SourceError, SparkifyError, UsageError

_CODE = re.compile(r"(?:<Code>|\(code: )(\w+)")
_STATUS = re.compile(r"status code: (\d{3})")
_REGION = re.compile(r"(?:<Region>|expecting '|x-amz-bucket-region: )([a-z0-9-]+)")

_PASSING_STATUS = {"408", "429", "500", "502", "503", "504"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthFailure", "InvalidSecurity"}
_WRONG_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_DENIED = {"AccessDenied", "AllAccessDisabled", "Forbidden", "AccountProblem"}
_PERMISSIONS = {
    "list": "s3:ListBucket",
    "read": "s3:GetObject",
    "write": "s3:PutObject",
    "remove": "s3:DeleteObject",
}


def is_passing(error: Exception) -> bool:
    """Whether to ask again may help: the store was busy, or the connection broke."""
    if isinstance(error, (InvalidPathError, ValueError, OSError)):
        return False
    text = _message(error)
    status = _STATUS.search(text)
    if status:
        return status[1] in _PASSING_STATUS
    return (
        "builder error" not in text
        and "without LOCATION" not in text
        and "169.254.169.254" not in text
        and not _CODE.search(text)
    )


def explained(error: Exception, uri: str, action: str, *, may_be_public: bool = True) -> SparkifyError:
    """The error for a URI; `action` is what was tried with it: open, list, read, write or remove.

    `may_be_public`: whether to read without signing in would be of use.
    """
    text = _message(error)
    code = _first(_CODE, text)
    status = _first(_STATUS, text)
    scheme, _, rest = uri.partition("://")
    bucket = rest.split("/")[0]
    if isinstance(error, InvalidPathError):
        return _odd_key(text, f"{scheme}://{bucket}/")
    if code == "NoSuchBucket" or (action == "list" and status == "404"):
        return SourceError(f"no such bucket: {scheme}://{bucket}", hint="Check its name, and AWS_ENDPOINT_URL if set.")
    if isinstance(error, FileNotFoundError):
        reason = "is gone since it was listed"
        return CannotOpen(f"{uri} {reason}", uri=uri, reason=reason, hint="Run again.")
    if code in _EXPIRED:
        return SourceError(f"cannot {action} {uri}: the credentials have expired", hint="Sign in again, and run again.")
    if code in _WRONG_KEYS:
        return SourceError(
            f"cannot {action} {uri}: the credentials are not accepted ({code})",
            hint="Check the access key and its secret, or the profile.",
        )
    if code in _WRONG_REGION or status == "301" or "without LOCATION" in text:
        return _wrong_region(text, scheme, bucket)
    if "InvalidObjectState" in text:
        reason = "is archived, and cannot be read from there"
        return CannotOpen(
            f"{uri} {reason}", uri=uri, reason=reason, hint="Restore it first, or leave it out (exclude)."
        )
    if code in _DENIED or status in ("401", "403"):
        return _denied(uri, action, may_be_public)
    if "169.254.169.254" in text:
        return SourceError(
            f"cannot {action} {uri}: this machine gives no AWS credentials",
            hint="Attach a role to it, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        )
    if status:
        named = f"{status} {code}".strip()
        passes = status in _PASSING_STATUS
        return SourceError(f"cannot {action} {uri}: the store answers {named}", hint="Run again later.", passes=passes)
    if isinstance(error, (UsageError, SourceError)):
        return error
    if isinstance(error, OSError):
        reason = (error.strerror or type(error).__name__).lower()
        return SourceError(f"cannot copy {uri} to the spool: {reason}", hint="Free some disk space, or set spool.")
    if action == "open":
        return UsageError(f"cannot open {uri}: {text}", hint="Check the environment variables of the store.")
    return SourceError(
        f"cannot {action} {uri}: the connection to the store failed or broke",
        hint="Check the network and AWS_ENDPOINT_URL, and run again.",
        passes=True,
    )


def _message(error: Exception) -> str:
    """The text of an error without obstore's dump of its source."""
    return str(error).split("\n\nDebug source")[0]


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _odd_key(text: str, bucket_uri: str) -> SourceError:
    found = re.search(r'Path "(.*?)"(?: contained|: )', text, re.DOTALL)
    key = ascii(found[1])[1:-1] if found and not found[1].isprintable() else found[1] if found else ""
    return SourceError(
        f"the key of an object cannot be read: {bucket_uri}{key}",
        hint="Keys with empty parts (//), parts that are . or .., or control characters are not read. "
        "Rename the object, or name a folder without it.",
    )


def _wrong_region(text: str, scheme: str, bucket: str) -> SourceError:
    region = _first(_REGION, text)
    return SourceError(
        f"wrong region for {scheme}://{bucket}: it is in {region or 'another one'}",
        hint=f"Set AWS_REGION={region}." if region else "Set AWS_REGION to the region of the bucket.",
    )


def _denied(uri: str, action: str, may_be_public: bool) -> SourceError:
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    hint = "Grant it, or sign in as someone who has it."
    if scheme == "s3" and action in _PERMISSIONS:
        below = {"read": f"/{key}", "list": ""}.get(action, f"/{key}/*")
        hint = f"It needs {_PERMISSIONS[action]} on arn:aws:s3:::{bucket}{below}."
        hint += " For a public bucket set anonymous = true." if may_be_public else ""
    what = f"access denied: may not {action} {uri}"
    if action == "read":
        return CannotOpen(what, uri=uri, reason="may not be read: access denied", hint=hint)
    return SourceError(what, hint=hint)
