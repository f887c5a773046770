"""`python -m ram_operator run [flags]`, `void-approvals` and `version`.

Exit codes: 0 done, 1 the watches of the API server ended, 2 usage or error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import __version__, config
from .errors import RamOperatorError
from .observability import logs

USAGE = "usage: ram-operator run [flags] | void-approvals | version | run --help"


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["version"]:
        print(__version__)
        return 0
    if words == ["void-approvals"]:
        return _void_approvals()
    if not words or words[0] != "run":
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = config.load(words[1:], os.environ)
    except config.SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.configure(settings.log_format, settings.log_level)
    # Imported late: `version` and usage errors need neither kopf nor the SDK.
    from . import startup

    startup.main(settings)
    return 0


def _void_approvals() -> int:
    from . import startup

    try:
        count = startup.void_approvals()
    except RamOperatorError as error:
        print(f"not all approvals are void: {error.message}", file=sys.stderr)
        return 2
    print(f"{count} records: whatever was approved so far opens nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
