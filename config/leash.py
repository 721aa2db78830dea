"""Runs a command that gets a signal when its parent dies: `leash.py SIGNAL PARENT COMMAND...`.

Linux only; elsewhere the command simply runs. Executed as a file: it imports nothing of ours.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the command, unless the parent has died before the kernel was told."""
    number, parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 -- no shell is wanted


if __name__ == "__main__":
    main()
