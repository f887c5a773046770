"""`python -m ram_operator run [flags]` and `version`. Exit codes: 0 done, 2 usage or error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import __version__, config, logs

USAGE = "usage: ram-operator run [flags] | version | run --help"


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["version"]:
        print(__version__)
        return 0
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


if __name__ == "__main__":
    sys.exit(main())
