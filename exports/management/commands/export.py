"""`manage.py export PROJECT --format xlsx -o FILE`: one export in the foreground."""

import argparse
import asyncio
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common.errors import ApplicationError
from common.executors import run_in_database_thread
from exports import files, selectors, services
from exports.builder import run_export
from exports.models import Export
from exports.wishes import Wish
from exports.writers import FORMATS
from projects import runs
from projects.keeper import Guard, Keeper
from projects.services import command_line_project

EXIT_CODES = {"completed": 0, "failed": 4, "cancelled": 130}


class Command(BaseCommand):
    help = "Export what a project holds into a file; what the file is goes to stderr."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("project", type=int, help="id of the project")
        parser.add_argument("--format", choices=tuple(FORMATS), default="xlsx", dest="form")
        parser.add_argument("-o", "--output", type=Path, help="file or folder; default: here")
        parser.add_argument("--sheets", help="names with commas between")
        parser.add_argument("--columns", help="columns of posts, with commas between")
        parser.add_argument("--filter", action="append", default=[], metavar="NAME=VALUE")
        parser.add_argument("--joined", action="store_true", help="comments with their posts")
        parser.add_argument("--verbatim", action="store_true", help="no ' before formulas")
        parser.add_argument("--mask-authors", action="store_true", help="pseudonyms")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            project = command_line_project(options["project"])
            wish = Wish(
                options["form"],
                sheets=_names(options["sheets"]),
                columns=_names(options["columns"]),
                filters=_filters(options["filter"]),
                comments="joined" if options["joined"] else "separate",
                safe=not options["verbatim"],
                mask_authors=options["mask_authors"],
            )
            export = services.start_export(
                project.owner, project, wish, origin="cli", announce=False
            )
        except ApplicationError as error:
            raise CommandError(error.detail, returncode=4) from error
        sys.exit(asyncio.run(_export(export, options["output"])))


async def _export(export: Export, output: Path | None) -> int:
    taken = await run_in_database_thread(_take, export.pk)
    if taken is None:
        raise CommandError("A worker took this export; find it in the dashboard.", returncode=4)
    guard = Guard()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(
            number, lambda: loop.create_task(run_in_database_thread(services.cancel_export, taken))
        )
    with Keeper(Export).keeping(taken, guard):
        await run_export(taken, guard)
    return await run_in_database_thread(_hand_over, taken.pk, output)


def _hand_over(export_id: int, output: Path | None) -> int:
    """Copy the file to where it is wanted; the exit code."""
    export = Export.objects.select_related("project").get(pk=export_id)
    if export.status == Export.Status.COMPLETED:
        name = selectors.file_name_of(export)
        target = Path(name) if output is None else output / name if output.is_dir() else output
        if target.suffix != f".{export.suffix}":
            _tell(f"The file is a .{export.suffix}: it holds more than one.")
        with files.storage().open(export.file_key) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
        _tell(f"{target}: {export.rows} rows, {export.size_bytes} bytes, sha256 {export.sha256}")
        if export.note:
            _tell(export.note)
    else:
        _tell(f"{export.status}: {export.error_detail}")
    return EXIT_CODES[export.status]


def _take(export_id: int) -> Export | None:
    name = runs.worker_name("command")
    return runs.take(Export, export_id, name, when=runs.NOT_CANCELLED)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",")) if text else ()


def _filters(pairs: list[str]) -> dict[str, Any]:
    from exports.serializers import ExportFilterSerializer  # noqa: PLC0415 -- slow to load

    given = dict(pair.partition("=")[::2] for pair in pairs)
    serializer = ExportFilterSerializer(data=given)
    if not serializer.is_valid():
        raise CommandError(f"--filter: {serializer.errors}", returncode=4)
    found: dict[str, Any] = serializer.validated_data
    return found


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
