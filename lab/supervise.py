"""Runs one program and ends it when standard input closes: python supervise.py LOG PROGRAM ARGS...

A parent that is killed cannot clean up, but the kernel closes its end of the pipe. Started as a
script by processes.py, with the standard library alone; prints the child's process id as one line.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 3.0


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    """Blocks until standard input ends, then stops the child: politely, and then not."""
    while os.read(0, 1):
        pass
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()


def end(child: int, over: threading.Event) -> None:
    """Stops a child process, politely, and then not, unless it is over by itself."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not over.is_set():
            os.kill(child, number)
        if over.wait(GRACE_SECONDS):
            return


def main(log: str, *command: str) -> int:
    """Returns the child's exit code (negative: the signal that ended it)."""
    with open(log, "ab") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    print(child.pid, flush=True)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    # The thread may still sit in its read; a normal exit would wait for nothing, this one does not.
    os._exit(main(*sys.argv[1:]) & 0xFF)
