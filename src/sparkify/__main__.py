"""`python -m sparkify`."""

from __future__ import annotations

from sparkify.cli import main

if __name__ == "__main__":
    main()
