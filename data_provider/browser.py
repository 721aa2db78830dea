"""The one owner of browser processes: starts them, bounds their number, ends them whole.

Between us and a browser stands a shell that reads from a pipe of ours. When the pipe ends, because
we closed it or because we died in whatever way, the shell kills the browser's process group and
removes its private folder. What is done with a browser belongs to the sources.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from data_provider.config import DEFAULT_USER_AGENT
from data_provider.errors import Network, NotConfigured

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from data_provider.config import ProviderConfig

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMEDRIVER_NAMES = ("chromedriver", "chromium.chromedriver")
HOW_TO_INSTALL = "apt-get install chromium chromium-driver"
HOW_TO_INSTALL_DRIVER = "apt-get install chromium-driver"
# A browser with a page of Reddit takes 300 to 400 MB, so that a worker has about 1 GB of them.
MOST_BROWSERS = 3
# A cold start of Chromium on a busy machine; usually it takes half a second.
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.02
# Chromium puts a socket into a folder in ours, and a socket's path has 107 characters at most.
_LONGEST_BASE = 36
_LOG_TAIL = 500
_ROOT = 0
_FLAGS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
    "--blink-settings=imagesEnabled=false",
    "--mute-audio",
    "--window-size=1280,1600",
)
# $1 is the private folder, made here so that who is killed before there is a guardian leaves none;
# the rest is the command. `cat` returns when the pipe ends. A process that is being killed may
# still write, so removing is tried until nothing is left.
_GUARDIAN = """
folder=$1; shift
mkdir -m 700 -- "$folder" && cd -- "$folder" || exit 1
trap : INT TERM HUP
setsid setpriv --pdeathsig KILL "$@" </dev/null >"$folder/log" 2>&1 &
echo $! >"$folder/pid"
cat >/dev/null
kill -s KILL -- "-$!" 2>/dev/null
wait
for _ in 1 2 3 4 5 6 7 8 9 10; do
  rm -rf -- "$folder" 2>/dev/null
  [ -e "$folder" ] || exit 0
  sleep 0.1
done
"""

# Starting and ending block; they wait in threads that outlive every caller.
_OWNER = ThreadPoolExecutor(max_workers=8, thread_name_prefix="browser-owner")
_PLACES: WeakKeyDictionary[AbstractEventLoop, Places] = WeakKeyDictionary()


class Places:
    """The places for browsers in a process. `is_wanted` = somebody waits for one."""

    def __init__(self, amount: int) -> None:
        self._free = asyncio.Semaphore(amount)
        self._waiting = 0

    @property
    def is_full(self) -> bool:
        """Whether taking a place would mean waiting."""
        return self._free.locked()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for a place."""
        return self._waiting > 0

    async def take(self) -> None:
        """Return when a place is ours."""
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """Leave the place to others."""
        self._free.release()


@dataclass
class Guarded:
    """A process group with a private folder, both of which end with it, or with us."""

    guardian: subprocess.Popen[bytes]
    folder: Path

    def kill(self) -> None:
        """Have it ended; returns at once and may be called again."""
        if self.guardian.stdin is not None:
            self.guardian.stdin.close()

    def discard(self) -> None:
        """Have it ended and see to its end in the background; returns at once."""
        self.kill()
        _OWNER.submit(self.wait)

    def wait(self) -> None:
        """Return when nothing is left. Blocks. Raises Network when something stays."""
        try:
            self.guardian.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Network(
                f"The browser did not end within {_STOP_SECONDS:g} s: {self.folder} is left."
            ) from error

    async def aclose(self) -> None:
        """End it, and return when nothing is left. Raises Network when something stays."""
        self.kill()
        await asyncio.wrap_future(_OWNER.submit(self.wait))

    @property
    def log(self) -> str:
        """The last words of the process."""
        try:
            return (self.folder / "log").read_text("utf-8", "replace")[-_LOG_TAIL:]
        except OSError:
            return ""

    @property
    def is_alive(self) -> bool:
        """Whether the process itself still runs."""
        try:
            os.kill(int((self.folder / "pid").read_text()), 0)
        except ProcessLookupError:
            return False
        except (FileNotFoundError, ValueError):
            # The number has not been written down yet.
            return self.guardian.poll() is None
        return True


@dataclass
class Browser:
    """A running Chromium, to be attached to; `pages` counts what it has shown."""

    process: Guarded
    port: int
    socket_path: str
    pages: int = field(default=0)

    @property
    def endpoint(self) -> str:
        """The address of its debugging socket."""
        return f"ws://127.0.0.1:{self.port}{self.socket_path}"


def find_chromium(configured: Path | None) -> str:
    """Return the path of Chromium. Raises NotConfigured with the command that installs it."""
    if found := _find((str(configured),) if configured else CHROMIUM_NAMES):
        return found
    what = str(configured) if configured else CHROMIUM_NAMES[0]
    raise NotConfigured(
        "TEPPAN_CHROMIUM",
        f"{what} cannot be run. Install it ({HOW_TO_INSTALL}) or set TEPPAN_CHROMIUM to its path.",
    )


def find_chromedriver() -> str:
    """Return the path of Chromium's driver, which comes in a package of its own.

    Raises NotConfigured with the command that installs it.
    """
    if found := _find(CHROMEDRIVER_NAMES):
        return found
    name = CHROMEDRIVER_NAMES[0]
    raise NotConfigured(name, f"{name} is not in the PATH. Install it ({HOW_TO_INSTALL_DRIVER}).")


def places() -> Places:
    """Return the places of this process; it has one loop that browses."""
    loop = asyncio.get_running_loop()
    found = _PLACES.get(loop)
    if found is None:
        found = _PLACES[loop] = Places(MOST_BROWSERS)
    return found


async def launch(config: ProviderConfig) -> Browser:
    """Start a Chromium of our own. A cancelled start leaves nothing behind.

    Raises NotConfigured (there is none, or the proxy needs what Chromium cannot do) and Network.
    """
    command = [find_chromium(config.chromium), *_FLAGS, *_flags_for(config)]
    process = await guard(lambda folder: [*command, f"--user-data-dir={folder}", "about:blank"])
    try:
        told = await when_ready(process, lambda: _listening_at(process.folder))
    except BaseException:
        process.discard()
        raise
    port, socket_path = told.split()
    return Browser(process, int(port), socket_path)


def _find(names: Sequence[str]) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


async def guard(command: Callable[[Path], Sequence[str]]) -> Guarded:
    """Start a command that is told its private folder; see Guarded."""
    started: Future[Guarded] = _OWNER.submit(_start, command)
    try:
        return await asyncio.wrap_future(started)
    except asyncio.CancelledError:
        started.add_done_callback(_discard)
        raise


async def when_ready(process: Guarded, look: Callable[[], str | None]) -> str:
    """Return what `look` finds once it finds something. Raises Network if that never happens."""
    return await asyncio.wrap_future(_OWNER.submit(_wait_for, process, look))


def _wait_for(process: Guarded, look: Callable[[], str | None]) -> str:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.is_alive:
        if found := look():
            return found
        time.sleep(_LOOK_SECONDS)
    raise Network(f"The browser did not start: {process.log}")


def _listening_at(folder: Path) -> str | None:
    """Return the port and the path that Chromium writes down when it listens."""
    try:
        text = (folder / "DevToolsActivePort").read_text()
    except OSError:
        return None
    return text if "/" in text else None


def _start(command: Callable[[Path], Sequence[str]]) -> Guarded:
    base = tempfile.gettempdir()
    short = base if len(base) <= _LONGEST_BASE else "/tmp"  # noqa: S108 - what is made is private
    folder = Path(short, f"teppan-browser-{secrets.token_hex(4)}")
    # Whatever a browser keeps outside of its profile goes into the folder too; and our
    # environment is none of its business.
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    own = dict.fromkeys(("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(folder))
    try:
        guardian = subprocess.Popen(  # noqa: S603 - our own script and arguments
            ["/bin/sh", "-c", _GUARDIAN, "guardian", str(folder), *command(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=short,
            env=kept | own,
        )
    except OSError as error:
        raise Network(f"The browser did not start: {error}") from error
    return Guarded(guardian, folder)


def _discard(started: Future[Guarded]) -> None:
    if not started.cancelled() and started.exception() is None:
        started.result().discard()


def _flags_for(config: ProviderConfig) -> list[str]:
    flags = ["--no-sandbox"] if os.geteuid() == _ROOT else []
    if config.user_agent != DEFAULT_USER_AGENT:
        flags.append(f"--user-agent={config.user_agent}")
    if config.proxy_url is None:
        return [*flags, "--no-proxy-server"]
    proxy = urlsplit(config.proxy_url)
    if proxy.username or proxy.password:
        raise NotConfigured(
            "TEPPAN_PROXY_URL", "Chromium takes no user and password in the proxy's address."
        )
    # Chromium would go around the proxy to reach this machine.
    return [*flags, f"--proxy-server={config.proxy_url}", "--proxy-bypass-list=<-loopback>"]
