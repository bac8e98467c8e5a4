"""What can go wrong, as a tree of exceptions with an exit code each."""


class SparkifyError(Exception):
    """Something failed; the message says what, where, and what to do."""

    exit_code = 1


class UsageError(SparkifyError):
    """The command or its configuration is wrong."""

    exit_code = 2
