"""`python -m ram_operator run [flags]`, `void-approvals` and `version`.

Exit codes: 0 done, 1 the watches of the API server ended, 2 usage or error.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import MutableMapping, Sequence

from . import __version__, config, legible, proxies
from .errors import RamOperatorError
from .observability import logs

log = logging.getLogger(__name__)

USAGE = "usage: ram-operator run [flags] | void-approvals | version | run --help"


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["version"]:
        print(__version__)
        return 0
    if words == ["void-approvals"]:
        return _void_approvals()
    if words in (["--help"], ["-h"], ["help"]):
        print(USAGE)
        return 0
    if not words or words[0] != "run":
        print(USAGE, file=sys.stderr)
        return 2
    try:
        settings = config.load(words[1:], os.environ)
        proxies.read(os.environ)
    except (config.SettingsError, proxies.ProxyError) as error:
        print(legible.lines(str(error)), file=sys.stderr)
        return 2
    logs.configure(settings.log_format, settings.log_level)
    _keep_silent(os.environ)
    # Imported late: `version` and usage errors need neither kopf nor the SDK.
    try:
        from . import startup
    except ModuleNotFoundError as missing:
        return _incomplete(missing)
    startup.main(settings)
    return 0


def _incomplete(missing: ModuleNotFoundError) -> int:
    print(
        f"{missing.name} is not installed: this is an installation for `kubectl ram` alone; what"
        " runs in the cluster is installed by pip install 'ram-operator[operator]'",
        file=sys.stderr,
    )
    return 2


def _keep_silent(environment: MutableMapping[str, str]) -> None:
    """The SDK looks at DEBUG at each call, and would print the key id and what a call is signed
    with.
    """
    if environment.get("DEBUG", "").lower() == "sdk":
        del environment["DEBUG"]
        log.warning("DEBUG=sdk is not heeded: the SDK would print the operator's key id")


def _void_approvals() -> int:
    _keep_silent(os.environ)
    proxies.take(os.environ)
    try:
        from . import startup

        count = startup.void_approvals()
    except ModuleNotFoundError as missing:
        return _incomplete(missing)
    except RamOperatorError as error:
        print(f"not all approvals are void: {legible.line(error.message)}", file=sys.stderr)
        return 2
    print(f"{count} records: whatever was approved so far opens nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
