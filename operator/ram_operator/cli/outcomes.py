"""How a run of the plugin can end: exit codes, and the exceptions that carry them.

Raised by every module of the plugin, caught by `__main__`. An uncaught exception would exit with 1,
so that code means nothing worse than "there was nothing to do".
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes; they are an interface for scripts."""

    DONE = 0
    NOTHING = 1
    FAILED = 2
    REFUSED = 3


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "done; for `pending` and `unmanaged`: the list is complete, empty or not",
    Exit.NOTHING: "nothing was done: no change waits there, nothing needs to be asked for, or the"
    " answer was not yes",
    Exit.FAILED: "wrong usage, no connection, no such object, or a list that is not complete",
    Exit.REFUSED: "refused: the change moved, was rejected, or the API server does not allow it",
}


class PluginError(Exception):
    """What a person is told on stderr, and the exit code that goes with it."""

    code: ClassVar[Exit] = Exit.FAILED


class Failed(PluginError):
    """Usage, connection, or an object that is not there."""


class Nothing(PluginError):
    """There is nothing to do, or the person did not want it."""

    code = Exit.NOTHING


class Refused(PluginError):
    """It must not be done."""

    code = Exit.REFUSED
