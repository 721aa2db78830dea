"""`manage.py export PROJECT --format xlsx -o FILE`: one export in the foreground.

Exit codes: 0 written, 3 written under another name than was asked for (a text too long for a cell
makes a ZIP of a workbook), 4 failed, 130 cancelled.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

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
_OTHER_NAME = 3
_FAILED = 4
# What a file of such a name is taken for.
_SUFFIXES = frozenset(f".{form.suffix}" for form in FORMATS.values()) | {".zip"}


class Command(BaseCommand):
    help = (
        "Export what a project holds into a file; what the file is goes to stderr. Ends with 0,"
        " with 3 when the file had to get another name than was asked for, with 4 when there is"
        " none, and with 130 when it was cancelled."
    )

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
        _refuse_place(options["output"])
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
            raise CommandError(error.detail, returncode=_FAILED) from error
        sys.exit(asyncio.run(_export(export, options["output"])))


async def _export(export: Export, output: Path | None) -> int:
    taken = await run_in_database_thread(_take, export.pk)
    if taken is None:
        raise CommandError(
            "A worker took this export; find it in the dashboard.", returncode=_FAILED
        )
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
    if export.status != Export.Status.COMPLETED:
        _tell(f"{export.status}: {export.error_detail}")
        return EXIT_CODES[export.status]
    name = selectors.file_name_of(export)
    wanted = Path(name) if output is None else output / name if output.is_dir() else output
    target = _true_name(wanted, f".{export.suffix}")
    try:
        _copy(export, target)
    except OSError as error:
        raise CommandError(
            f"{target} could not be written: {error.strerror or error}."
            f" The file is kept as export {export.pk}: download it in the dashboard.",
            returncode=_FAILED,
        ) from error
    if target != wanted:
        _tell(f"The file is a {target.suffix}, and so it is not called {wanted.name}.")
    elif export.suffix != FORMATS[export.format].suffix and target.suffix != f".{export.suffix}":
        _tell(f"The file is a .{export.suffix}: it holds more than one.")
    held = f"{export.rows} posts and comments, {export.size_bytes} bytes"
    _tell(f"{target}: {held}, sha256 {export.sha256}")
    if export.note:
        _tell(export.note)
    return EXIT_CODES[export.status] if target == wanted else _OTHER_NAME


def _refuse_place(output: Path | None) -> None:
    """Refuse what can hold no file, before anything is made for it."""
    folder = Path() if output is None else output if output.is_dir() else output.parent
    if not folder.is_dir():
        raise CommandError(f"There is no folder {folder}.", returncode=_FAILED)


def _true_name(wanted: Path, suffix: str) -> Path:
    """Return the name, with another suffix where it would say what the file is not.

    A file of that other name is somebody else's.
    """
    if wanted.suffix.lower() == suffix or wanted.suffix.lower() not in _SUFFIXES:
        return wanted
    target = wanted.with_suffix(suffix)
    if target.exists():
        raise CommandError(
            f"The file is a {suffix} and so not {wanted.name}, and {target.name} is there already."
            " Name another with -o.",
            returncode=_FAILED,
        )
    return target


def _copy(export: Export, target: Path) -> None:
    """Write the file beside its place, then put it there whole; a device takes it as it comes."""
    with files.storage().open(export.file_key) as source:
        if target.exists() and not target.is_file():
            with target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            return
        # Where a link leads to is replaced, not the link.
        target = target.resolve()
        beside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        try:
            with beside.open("xb") as copy:
                shutil.copyfileobj(source, copy)
                os.fsync(copy.fileno())
            if target.exists():
                shutil.copymode(target, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def _take(export_id: int) -> Export | None:
    name = runs.worker_name("command")
    when = runs.unattended(timezone.now()) & runs.NOT_CANCELLED
    return runs.take(Export, export_id, name, when=when)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",")) if text else ()


def _filters(pairs: list[str]) -> dict[str, Any]:
    from exports.serializers import ExportFilterSerializer  # noqa: PLC0415 -- slow to load

    given = dict(pair.partition("=")[::2] for pair in pairs)
    serializer = ExportFilterSerializer(data=given)
    if not serializer.is_valid():
        raise CommandError(f"--filter: {serializer.errors}", returncode=_FAILED)
    found: dict[str, Any] = serializer.validated_data
    return found


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
