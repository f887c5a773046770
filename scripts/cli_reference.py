"""Writes docs/reference/kubectl-ram.md from the plugin's parser; --check only says if it is old.

Called by people after a change of a flag and by the tests. Adds no word about a flag that its help
does not have itself.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from ram_operator.cli.arguments import COMMANDS, parser
from ram_operator.cli.outcomes import MEANINGS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "kubectl-ram.md"
_INTRODUCTION = """\
# `kubectl ram`

Written by `scripts/cli_reference.py` from the command line: edit that, not this page.
[Approvals](../user/approvals.md) shows it at work.

An object is written KIND/NAME: `ramrole/shop-auditor`; plurals, short names (`arr/shop-auditor`)
and `ramrole.ram.alibabacloud.com/shop-auditor` are understood as well. Shortened flags are refused.

What was asked for goes to stdout, questions and everything else to stderr. Of texts from manifests
and the cloud, all that is no printable ASCII is spelled out: a Cyrillic a is shown as `\\u0430`.
"""
_FORMS = """
## Forms

| `-o` | of | gives |
| --- | --- | --- |
| `table` | `pending`, `history`, `unmanaged` | columns |
| `wide` | `pending`, `history` | the same with digests in full, and more |
| `text` | the others | for people |
| `json`, `yaml` | all but `digest`, `request-deletion`, `acknowledge` | a document, see below |
| `name` | all but `digest`, `history`, `unmanaged` | `ramrole.ram.alibabacloud.com/x`, one a line |

Documents are a `PendingChangeList` or `PendingChange` of `plugin.ram.alibabacloud.com/v1alpha1`:
`object` says where, `askedBy` who, `state` is waiting, approved or rejected, and `pending` is the
`status.pending` of the object. With another form than `text`, `approve` shows the change on stderr.
That of `history` is a `DecisionList`: `items` are the entries of the record, the latest last, and
`approval` or `rejection` of an entry is the digest of the offer that it answered. That of
`unmanaged` is an `UnmanagedIdentityList`: `items` have kind, name, severity and why, `notListed`
counts the others by the reason, and `unseen` says what could not be seen.
"""


def main() -> int:
    """Returns 0 when the page is written or up to date, 1 when --check finds it stale."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    text = page()
    if not arguments.parse_args().check:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} is stale: run python scripts/cli_reference.py\n")
    return 1


def page() -> str:
    """The whole page as Markdown."""
    commands = _commands()
    parts = [_INTRODUCTION]
    for name, (_, text) in COMMANDS.items():
        parts.append(f"\n## {name}\n\n`{_usage(commands[name])}`\n\n{text}\n")
        rows = list(_rows(commands[name], "options"))
        if rows:
            parts.append("\n| flag | meaning |\n| --- | --- |\n" + "".join(rows))
    parts.append(
        "\n## Cluster\n\nOf every command, as for kubectl:\n\n| flag | meaning |\n| --- | --- |\n"
    )
    parts += _rows(commands["pending"], "cluster, as for kubectl")
    parts.append(_FORMS)
    parts.append("\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n")
    parts += [f"| {code.value} | {meaning} |\n" for code, meaning in MEANINGS.items()]
    return "".join(parts)


def _commands() -> dict[str, argparse.ArgumentParser]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise LookupError("the parser has no commands")


def _usage(command: argparse.ArgumentParser) -> str:
    shown = [a for a in command._get_positional_actions() if a.help is not argparse.SUPPRESS]
    positional = [str(each.metavar) for each in shown]
    needed = [_name(each) for each in command._get_optional_actions() if each.required]
    return " ".join([command.prog, *positional, *needed])


def _rows(command: argparse.ArgumentParser, title: str) -> Iterator[str]:
    for group in command._action_groups:
        if group.title != title:
            continue
        for action in group._group_actions:
            if "--help" not in action.option_strings:
                flags = [*action.option_strings[:-1], _name(action)]
                yield f"| {', '.join(f'`{flag}`' for flag in flags)} | {action.help} |\n"


def _name(action: argparse.Action) -> str:
    word = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    return action.option_strings[-1] + word


if __name__ == "__main__":
    sys.exit(main())
