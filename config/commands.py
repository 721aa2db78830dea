"""Hands the commands that concern the whole installation to their modules, the rest to Django."""

import argparse
import sys
from collections.abc import Callable, Sequence

from django.core.management import execute_from_command_line

from config import checks  # noqa: F401 -- registers the checks
from config.env import SettingError


def execute(arguments: Sequence[str]) -> None:
    """Run `manage.py ...`; a wrong setting ends in a sentence, not in a traceback."""
    command = _COMMANDS.get(arguments[1]) if len(arguments) > 1 else None
    try:
        if command is not None:
            sys.exit(command(arguments[2:]))
        execute_from_command_line(list(arguments))
    except SettingError as error:
        sys.exit(error.refusal)


def _up(arguments: Sequence[str]) -> int:
    parser = _parser("up", "Run the embedded stack until Ctrl-C.")
    parser.add_argument("--demo", action="store_true", help="with a demo account at work")
    options = parser.parse_args(arguments)
    from config import supervisor  # noqa: PLC0415 -- each command loads only what it needs

    return supervisor.run(is_demo=options.demo)


def _sandbox(arguments: Sequence[str]) -> int:
    parser = _parser("sandbox", "Serve the simulated Reddit alone.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another world")
    options = parser.parse_args(arguments)
    from data_provider.sandbox.server import serve  # noqa: PLC0415 -- as above

    serve(port=options.port, seed=options.seed)
    return 0


def _doctor(arguments: Sequence[str]) -> int:
    _parser("doctor", "Check the installation and say what to change.").parse_args(arguments)
    from config import doctor  # noqa: PLC0415 -- as above

    return doctor.run()


def _parser(name: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"manage.py {name}", description=description)


_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "up": _up,
    "sandbox": _sandbox,
    "doctor": _doctor,
}
