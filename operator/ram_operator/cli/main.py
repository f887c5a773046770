"""`kubectl ram …`, installed as kubectl-ram. Exit codes are those of `outcomes`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .. import legible
from . import arguments as command_line
from .outcomes import Exit, PluginError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; every failure is a sentence on stderr and never a traceback."""
    called = "kubectl ram" if Path(sys.argv[0]).name.startswith("kubectl-") else "kubectl-ram"
    words = sys.argv[1:] if arguments is None else arguments
    if not words:
        command_line.parser(called).print_help()
        return Exit.DONE
    parsed = command_line.parse(called, words)
    try:
        return _run(parsed)
    except PluginError as error:
        print(legible.lines(f"{called}: {error}"), file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print(f"\n{called}: interrupted", file=sys.stderr)
        return Exit.NOTHING
    except BrokenPipeError:
        # Whoever read has seen enough; flushing at exit would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except Exception as error:  # 1 means that there was nothing to do, so no crash may end in it
        text = f"{called}: a defect: {type(error).__name__}: {error}"
        print(legible.line(text), file=sys.stderr)
        return Exit.FAILED


def _run(parsed: argparse.Namespace) -> int:
    # Imported late: --help and wrong usage need none of it.
    from . import access, cmd_unmanaged, commands, kubeconfig, screen

    console = commands.Console(sys.stdin, sys.stdout, sys.stderr)
    where = kubeconfig.Where(
        parsed.kubeconfig,
        parsed.context,
        parsed.namespace,
        parsed.request_timeout,
        parsed.cluster,
        parsed.entry,
        kubeconfig.Identity(parsed.user, parsed.uid, tuple(parsed.groups)),
    )
    # Where another form is asked for, stdout is for programs and people read stderr.
    stream = sys.stdout if parsed.output == "text" else sys.stderr
    colour = screen.wants_colour(parsed.color, os.environ, stream.isatty())
    # What stands there is private, and gone when the program ends.
    with TemporaryDirectory(prefix="kubectl-ram-") as folder:
        server = access.Access(where, Path(folder), lambda text: console.say(f"Warning: {text}"))
        run = commands.Run(parsed, server, console, screen.Paint(colour))
        called = {**commands.COMMANDS, "unmanaged": cmd_unmanaged.unmanaged}
        return called[parsed.command](run)


if __name__ == "__main__":
    sys.exit(main())
