"""A child process of the embedded stack: started on a leash, restarted when it dies, stopped."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.env import ROOT

_LEASH = ROOT / "config" / "leash.py"

# The first restart comes at once for a person, a child that cannot start does not keep a core busy.
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 15.0

# A child that lived this long had started well: its end is a new fault, not the same one again.
_HEALTHY_SECONDS = 30.0

_LONGEST_LINE_BYTES = 1 << 20

# What a dead child has written is there at once; a stray descendant may keep the pipe open.
_LAST_WORDS_SECONDS = 0.2


@dataclass(frozen=True)
class Program:
    """What to run. `orphaned` is the signal it gets when the supervisor is killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    orphaned: signal.Signals = signal.SIGTERM
    descriptors: Sequence[int] = field(default=())


class Child:
    """One program, kept running in a session of its own, its lines passed on with its name."""

    def __init__(self, program: Program, run_dir: Path, say: Callable[[str, str], None]) -> None:
        self.program = program
        self._pid_file = run_dir / f"{program.name}.pid"
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._output: int | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._passing_on: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the program, and from then on start it again whenever it ends by itself."""
        self._output = await self._open_output()
        await self._spawn()
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self, grace_seconds: float) -> None:
        """End the program: SIGTERM, and SIGKILL to its group when the grace is over."""
        await _cancel(self._keeping)
        if self._process is not None:
            await self._end(self._process, grace_seconds)
        self._pid_file.unlink(missing_ok=True)
        await self._close_output()

    def kill(self) -> None:
        """End the program and everything in its group without grace."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _end(self, process: asyncio.subprocess.Process, grace_seconds: float) -> None:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace_seconds)
        except TimeoutError:
            self._say("supervisor", f"{self.program.name} did not end in time and is killed")
        self.kill()
        await process.wait()

    async def _spawn(self) -> None:
        program = self.program
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(int(program.orphaned))]
        self._process = await asyncio.create_subprocess_exec(
            *leash,
            str(os.getpid()),
            *program.command,
            env=program.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
            pass_fds=program.descriptors,
        )
        self._pid_file.write_text(f"{self._process.pid}\n")

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._process is not None:
            started = time.monotonic()
            code = await self._process.wait()
            self.kill()
            self._pid_file.unlink(missing_ok=True)
            if time.monotonic() - started > _HEALTHY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
            self._say("supervisor", f"{self.program.name} {how}; again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            await self._spawn()

    async def _open_output(self) -> int:
        """Open a pipe of our own: one of asyncio's would tie the child's end to its readers'."""
        reading, writing = os.pipe()
        reader = asyncio.StreamReader(limit=_LONGEST_LINE_BYTES)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb")
        )
        self._passing_on = asyncio.create_task(self._pass_on(reader))
        return writing

    async def _close_output(self) -> None:
        if self._output is None or self._passing_on is None:
            return
        os.close(self._output)
        self._output = None
        await asyncio.wait([self._passing_on], timeout=_LAST_WORDS_SECONDS)
        await _cancel(self._passing_on)

    async def _pass_on(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:  # longer than the limit: dropped
                continue
            if not line:
                return
            self._say(self.program.name, line.decode(errors="replace").rstrip())


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
