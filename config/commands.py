"""Hands the commands that concern the whole installation to their modules, the rest to Django."""

import sys
from collections.abc import Sequence

from django.core.management import execute_from_command_line

from config.env import SettingError


def execute(arguments: Sequence[str]) -> None:
    """Run `manage.py ...`; a wrong setting ends in a sentence, not in a traceback."""
    try:
        execute_from_command_line(list(arguments))
    except SettingError as error:
        sys.exit(f"Teppan cannot start, a setting is wrong:\n{error}")
