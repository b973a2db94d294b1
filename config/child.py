"""Become another program, deaf to Ctrl-C, and told to end when its parent dies.

`python -m config.child PARENT PROGRAM ARGUMENT…`. A runner that was killed can tell nobody anything, so on
Linux the kernel does; elsewhere the children of a killed runner have to be ended by hand.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Arrange for the signals, and become the program."""
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # it died before the kernel was asked
            sys.exit(1)
    # A terminal sends Ctrl-C to everybody, and the runner then passes the word on. Heard twice, or while it is
    # still being loaded, it would break a program off with a traceback.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execv(program, [program, *arguments])  # noqa: S606 (a list of arguments, no shell)


if __name__ == "__main__":
    main()
