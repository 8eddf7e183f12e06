"""Run a program that ends when the process that started it ends: ``leash.py PARENT UID GID PROGRAM ARGUMENT…``.

A script of its own, on the standard library alone, instead of ``preexec_fn``: Python code between fork and exec may
deadlock in a process with threads. The process id stays the same, because the program replaces this script.
UID and GID of -1 keep the user as it is.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, uid: int, gid: int, command: list[str]) -> None:
    """Become ``command`` as user ``uid``; exit at once when ``parent`` has already gone."""
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, which clears it. SIGINT is PostgreSQL's fast and clean stop.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("the parent process has gone")
    os.chdir("/")
    os.umask(0o077)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
