"""Become another program that ignores Ctrl-C and ends when its parent dies.

`python -m config.child PARENT PROGRAM ARGUMENT…`. A runner that was killed cannot stop its children, so on Linux the
kernel does. On other systems they must be stopped by hand.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Set up the signals, and become the program."""
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):  # the parent died before the kernel was told
            sys.exit(1)
    # A terminal sends Ctrl-C to all processes, and the runner sends its own signal. A program that gets both, or gets
    # one while it is loading, would end with a traceback.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execv(program, [program, *arguments])  # noqa: S606 (a list of arguments, no shell)


if __name__ == "__main__":
    main()
