#!/usr/bin/env python
"""Entry point of every command; what belongs to the whole installation is handed to config."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.commands import execute  # noqa: PLC0415 -- settings must be named first

    execute(sys.argv)


if __name__ == "__main__":
    main()
