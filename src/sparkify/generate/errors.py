"""What can go wrong in the simulator.

SparkifyError
├── GenerateError            the run failed: disk, folder, worker (exit code 1)
└── UsageError
    └── OptionsError         an option or the configuration file is wrong (exit code 2); a GenerateError too
"""

from sparkify.errors import SparkifyError, UsageError


class GenerateError(SparkifyError):
    """The simulation could not be carried out or written."""


class OptionsError(GenerateError, UsageError):
    """An option or the configuration file asks for what cannot be."""

    exit_code = UsageError.exit_code
