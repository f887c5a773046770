"""The command line: python -m demo [tour [--keep]|cloud [NOUN ...|ACTION NAME=VALUE ...]|stop]."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from demo import cloud, stage, tour
from demo.screen import Screen


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 done, 1 a step or a call failed, 2 usage."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words or ["tour"])
    directory: Path = options.directory.resolve()
    match options.verb:
        case "keeper":
            return stage.serve(directory)
        case "stop":
            print("Stopped." if stage.stop(directory) else "Nothing is up.")
            return 0
        case "cloud":
            return _cloud(directory, options.action, options.parameters)
    code = tour.run(directory, Screen(), keep=options.keep)
    if code == 0 and not options.keep:
        shutil.rmtree(directory)
    return code


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--directory", type=Path, default=stage.HOME, help="where the demo keeps its files"
    )
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    show = verbs.add_parser("tour", parents=[common], help="show everything, step by step")
    show.add_argument("--keep", action="store_true", help="stop before cleaning up, leave it up")
    verbs.add_parser("stop", parents=[common], help="end a demo that was left up")
    verbs.add_parser("keeper", parents=[common], help="hold the processes of a tour")
    hand = verbs.add_parser("cloud", parents=[common], help="show the cloud, or change it by hand")
    hand.add_argument(
        "action",
        nargs="?",
        default="",
        help="an action, such as GetRole, or what to show: " + ", ".join(cloud.NOUNS),
    )
    hand.add_argument("parameters", nargs="*", metavar="NAME=VALUE")
    return parser


def _cloud(directory: Path, action: str, words: Sequence[str]) -> int:
    try:
        there = stage.Stage.read(directory)
        nouns = [word for word in (action, *words) if word]
        if all(word in cloud.NOUNS for word in nouns):
            print(cloud.show(there, nouns))
            return 0
        pairs = [word.partition("=") for word in words]
        print(cloud.call(there, action, {name: value for name, _, value in pairs}))
    except (stage.StageError, cloud.CallFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
