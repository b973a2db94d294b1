"""Become another program, and be told to end (SIGTERM) when the process that asked for it dies.

`python -m config.child PARENT PROGRAM ARGUMENT…`. A runner that was killed can tell nobody anything, so on
Linux the kernel does; elsewhere the children of a killed runner have to be ended by hand.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for the signal, and become the program."""
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it died before the kernel was asked
            sys.exit(1)
    os.execv(program, [program, *arguments])  # noqa: S606 (a list of arguments, no shell)


if __name__ == "__main__":
    main()
