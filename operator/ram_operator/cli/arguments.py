"""The command line: commands, flags and their help, which docs/reference/kubectl-ram.md repeats.

Read by `__main__` and by the script that writes that page.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .. import __version__, times

DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
REASON_LIMIT: Final = 500
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "pending": (
        "list the changes that wait for an approval",
        "Lists what waits in the namespace, or with -A everywhere, oldest first.",
    ),
    "show": (
        "show one change: who gains, who loses, and what moves",
        "Shows who would gain and who would lose, which rules the change breaks, and a diff.",
    ),
    "approve": (
        "approve the change that is shown",
        "Shows the change, asks, and approves exactly what was shown: if anything of it moved"
        " meanwhile, nothing is written. Needs the verb approve on the kind.",
    ),
    "reject": (
        "reject the change that waits, for a reason",
        "Rejects the change. Its offer ends, and the same change is offered again under a digest"
        " that covers the rejection: `show` has who rejected it, when and why above all else."
        " `approve` opens it all the same, in a terminal or with `--yes --digest`.",
    ),
    "acknowledge": (
        "let drift be for a while: neither taken back nor alerted on",
        "Shows the drift of the object, asks, and acknowledges exactly that until then, 24 hours"
        " at most; further drift is judged as ever. What was taken back already stays once it is"
        " made again by hand. Without --for and --until it only shows. To end it sooner remove the"
        " annotation acknowledge-drift. Needs the verb approve on the kind.",
    ),
    "request-deletion": (
        "ask for the deletion of an identity, before it is deleted or while that waits",
        "Shows what goes, asks, and writes that you want it, as is needed where an account holds"
        " deletions, and for groups that deny: the annotation delete-requested. It deletes nothing:"
        " that is `kubectl delete`. Who asked does not approve it. Every editor may ask.",
    ),
    "history": (
        "show what was decided about an identity, and by whom",
        "Shows the last decisions and writes of the identity, newest first: who asked for it, who"
        " approved or rejected it, who gained and lost by it, and what guarded the approval. They"
        " stand in its RamRecord, which takes the right to read it: the roles ram-operator-auditor"
        " and ram-operator-approver have it where they are bound for the whole cluster.",
    ),
    "digest": (
        "print the digest of the change that waits",
        "Prints the digest alone, for an approval in git or for `approve --digest`.",
    ),
    "unmanaged": (
        "list what is in the account and no object manages, the worst first",
        "Reads the whole account under your own credentials for Alibaba Cloud, those that its SDK"
        " finds or a profile of the aliyun command line, and leaves out what objects of the cluster"
        " have, what the platform keeps, and what the RamAccount ignores. Nothing is written. Needs"
        " the extra `cloud`: pip install 'ram-operator[cloud]'. Which objects have what is told by"
        " RamRecords, or else by the objects that you may list.",
    ),
}
"""Command → the line in the list of commands, and the text of its own help."""


def parser(program: str = "kubectl ram") -> argparse.ArgumentParser:
    """The whole command line. `parse_args` ends the process with 2 on wrong usage."""
    top = argparse.ArgumentParser(
        prog=program,
        description="Dangerous changes of RAM identities wait until a person approves them.",
        epilog="An object is written KIND/NAME or KIND NAME, for example ramrole/shop-auditor.",
        allow_abbrev=False,
    )
    top.set_defaults(output="text", color="auto")
    top.add_argument("--version", action="version", version=__version__)
    _cluster(top)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (short, long) in COMMANDS.items():
        command = commands.add_parser(name, help=short, description=long, allow_abbrev=False)
        _FLAGS[name](command)
        # What stands before the command counts, unless it is said once more behind it.
        for action in _cluster(command):
            action.default = argparse.SUPPRESS
    return top


def _pending(command: argparse.ArgumentParser) -> None:
    command.add_argument("-A", "--all-namespaces", action="store_true", help="list all namespaces")
    _output(command, ("table", "wide", "json", "yaml", "name"))


def _show(command: argparse.ArgumentParser) -> None:
    _object(command)
    _output(command, ("text", "json", "yaml", "name"))
    _colour(command)


def _approve(command: argparse.ArgumentParser) -> None:
    _object(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument(
        "--digest",
        type=_digest,
        metavar="sha256:HEX",
        help="approve only if the change still has this digest, seen earlier",
    )
    command.add_argument(
        "--reason",
        type=_reason,
        metavar="TEXT",
        help="why, or the number of a ticket; kept beside the approval, for people",
    )
    _output(command, ("text", "json", "yaml", "name"))
    _colour(command)


def _reject(command: argparse.ArgumentParser) -> None:
    _object(command)
    command.add_argument(
        "--reason", type=_reason, required=True, metavar="TEXT", help="why; shown on the object"
    )
    _output(command, ("text", "json", "yaml", "name"))


def _acknowledge(command: argparse.ArgumentParser) -> None:
    _object(command)
    until = command.add_mutually_exclusive_group()
    until.add_argument(
        "--for",
        dest="lasts",
        type=_lasts,
        metavar="LENGTH",
        help="how long, for example 90m or 4h; 24h at most",
    )
    until.add_argument(
        "--until", type=_moment, metavar="TIME", help="until when, for example 2026-11-30T18:00:00Z"
    )
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument(
        "--digest",
        type=_digest,
        metavar="sha256:HEX",
        help="acknowledge only if the drift still has this digest, seen earlier",
    )
    _output(command, ("text", "name"))
    _colour(command)


def _request_deletion(command: argparse.ArgumentParser) -> None:
    _object(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument(
        "--reason",
        type=_reason,
        metavar="TEXT",
        help="why; what the annotation says (default: yes)",
    )
    _output(command, ("text", "name"))
    _colour(command)


def _history(command: argparse.ArgumentParser) -> None:
    _object(command)
    _output(command, ("table", "wide", "json", "yaml"))


def _unmanaged(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--profile",
        default="",
        metavar="NAME",
        help="a profile of the aliyun command line (default: what the SDK finds by itself)",
    )
    command.add_argument(
        "--endpoint",
        default="",
        metavar="HOST",
        help="where RAM and STS are, if not the public ones: your credentials go there",
    )
    command.add_argument(
        "--no-trusts",
        action="store_true",
        help="do not read whom roles trust, which is a call for each",
    )
    _output(command, ("table", "json", "yaml"))


def _object(command: argparse.ArgumentParser) -> None:
    command.add_argument("object", metavar="KIND/NAME", help="for example ramrole/shop-auditor")
    command.add_argument("name", nargs="?", default="", help=argparse.SUPPRESS)


def parse(program: str, words: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for; `object` is KIND/NAME also where it was written KIND NAME. Ends the
    process with 2 on wrong usage.
    """
    top = parser(program)
    parsed, more = top.parse_known_args(words)
    named = getattr(parsed, "object", "")
    if len(more) == 1 and named and not parsed.name and not more[0].startswith("-"):
        # A flag stood between the two.
        parsed.name, more = more[0], []
    if more:
        top.error("unrecognized arguments: " + " ".join(more))
    if parsed.command and named and parsed.name:
        if "/" in named:
            top.error(f"one object at a time, and not {named} and {parsed.name}")
        parsed.object = f"{named}/{parsed.name}"
    return parsed


_FLAGS: Final[Mapping[str, Callable[[argparse.ArgumentParser], None]]] = {
    "pending": _pending,
    "show": _show,
    "approve": _approve,
    "reject": _reject,
    "acknowledge": _acknowledge,
    "request-deletion": _request_deletion,
    "history": _history,
    "digest": _object,
    "unmanaged": _unmanaged,
}


def _output(command: argparse.ArgumentParser, forms: tuple[str, ...]) -> None:
    command.add_argument(
        "-o",
        "--output",
        choices=forms,
        default=forms[0],
        help=f"one of {', '.join(forms)} (default: {forms[0]})",
        metavar="FORM",
    )


def _colour(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="auto, always or never; auto heeds NO_COLOR and uses colours on terminals only",
    )


def _cluster(command: argparse.ArgumentParser) -> list[argparse.Action]:
    group = command.add_argument_group("cluster, as for kubectl")
    return [
        group.add_argument("-n", "--namespace", default="", help="default: that of the context"),
        group.add_argument("--context", default="", help="default: the current context"),
        group.add_argument("--cluster", default="", help="default: that of the context"),
        group.add_argument(
            "--user",
            dest="entry",
            default="",
            metavar="ENTRY",
            help="the kubeconfig's entry to log in with (default: that of the context)",
        ),
        group.add_argument("--kubeconfig", default="", metavar="FILE", help="default: $KUBECONFIG"),
        group.add_argument(
            "--as",
            dest="user",
            default="",
            metavar="USER",
            help="act as that user (default: what `as` of the kubeconfig says)",
        ),
        group.add_argument(
            "--as-group",
            dest="groups",
            action="append",
            default=[],
            metavar="GROUP",
            help="act as a member of that group; may be repeated",
        ),
        group.add_argument(
            "--as-uid", dest="uid", default="", metavar="UID", help="act as whoever has that uid"
        ),
        group.add_argument(
            "--request-timeout",
            type=_seconds,
            default=30.0,
            metavar="SECONDS",
            help="how long to wait for each answer (default: 30)",
        ),
    ]


def _digest(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise argparse.ArgumentTypeError("not sha256: and 64 lower-case hexadecimal digits")
    return text


def _lasts(text: str) -> float:
    try:
        length = times.duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if not 0 < length <= times.DAY:
        raise argparse.ArgumentTypeError("longer than nothing, and 24h at most")
    return length


def _moment(text: str) -> float:
    at = times.seconds_or_none(text)
    if at is None:
        raise argparse.ArgumentTypeError("no time with a zone, such as 2026-11-30T18:00:00Z")
    return at


def _reason(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > REASON_LIMIT or not stripped.isprintable():
        raise argparse.ArgumentTypeError(f"one line of at most {REASON_LIMIT} characters")
    return stripped


def _seconds(text: str) -> float:
    try:
        value = float(text.removesuffix("s"))
    except ValueError:
        value = 0.0
    if not 0 < value < 3600:
        raise argparse.ArgumentTypeError("not a number of seconds above 0, such as 30 or 30s")
    return value
