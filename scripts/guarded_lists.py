"""Writes what policies, roles and pages name of kinds and annotations; --check only compares.

Source is `ram_operator/kinds/guarded.py`. Files hold the rest themselves: only what stands between
a line `written from the list: NAME` and a line `end of the list` is written here. Called by people
after an edit of the list, before scripts/guard_table.py, and by the tests.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from generated import ROOT, main_of

from ram_operator.constants import (
    ANNOTATION_CHANGED_BY,
    ANNOTATION_DELETE_REQUESTED,
    ANNOTATION_DELETE_REQUESTED_BY,
)
from ram_operator.kinds.guarded import (
    ANNOTATIONS,
    GATED,
    HELD_DELETIONS,
    STAMPS,
    Stamp,
    Verb,
    Writer,
    kinds_of,
)
from ram_operator.kinds.table import ACCOUNT, KINDS, PLURALS

ADMISSION: Final = ROOT / "deploy" / "admission"
FILES: Final = (
    ADMISSION / "ram-stamp.yaml",
    ADMISSION / "ram-approve.yaml",
    ADMISSION / "ram-configure.yaml",
    ADMISSION / "ram-delete.yaml",
    ADMISSION / "variants" / "no-stamps" / "kustomization.yaml",
    ROOT / "deploy" / "kustomize" / "base" / "rbac-users.yaml",
    ROOT / "docs" / "operations" / "admission.md",
    ROOT / "docs" / "reference" / "annotations.md",
)
_BLOCK: Final = re.compile(
    r"(?P<first>^(?P<indent> *)(?:# |<!-- )written from the list: (?P<name>[a-z ]+?)(?: -->)?\n)"
    r"(?P<body>.*?)(?P<last>^ *(?:# |<!-- )end of the list(?: -->)?\n)",
    re.MULTILINE | re.DOTALL,
)
_WHO: Final = "request.userInfo.username"
_VALUES: Final = {row.name: row.said for row in ANNOTATIONS if row.said}
_BY_ANNOTATION: Final = tuple(stamp for stamp in STAMPS if stamp.of in _VALUES)


def _list(words: Iterable[str]) -> str:
    return "[" + ", ".join(words) + "]"


def _resources(verb: Verb) -> str:
    return "resources: " + _list(PLURALS[kind] for kind in kinds_of(verb))


def _value(side: str, annotation: str) -> str:
    return f"variables.{side}[?'{annotation}'].orValue('')"


def _variable(name: str, *lines: str) -> str:
    if len(lines) == 1:
        return f"- name: {name}\n  expression: {lines[0]}\n"
    return f"- name: {name}\n  expression: >-\n" + "".join(f"    {line}\n" for line in lines)


def _old(said: str) -> str:
    return "old" + said[0].upper() + said[1:]


def _who_said(stamp: Stamp) -> str:
    said = _VALUES[stamp.of]
    return _variable(said, _value("sent", stamp.of)) + _variable(
        stamp.who,
        f"variables.{said} == '' ? ''",
        f": variables.{said} != {_value('stored', stamp.of)}",
        f"? {_WHO}",
        f": {_value('stored', stamp.annotation)}",
    )


def _who_switched(stamp: Stamp) -> str:
    field = stamp.of.removeprefix("spec.")
    return _variable(
        stamp.who,
        f"variables.spec.?{field}.orValue(false) != true ? ''",
        f": variables.oldSpec.?{field}.orValue(false) != true ? {_WHO}",
        f": {_value('stored', stamp.annotation)}",
    )


def stamped() -> str:
    """Who said what, for each stamp but that of the authors, which has rules of its own."""
    switches = (stamp for stamp in STAMPS if stamp.of.startswith("spec."))
    return "".join([*map(_who_said, _BY_ANNOTATION), *map(_who_switched, switches)])


def _mutation(stamp: Stamp) -> list[str]:
    path = "/metadata/annotations/" + stamp.annotation.replace("/", "~1")
    return [
        f"+ (variables.{stamp.who} != ''",
        f"? [JSONPatch{{op: 'add', path: '{path}',",
        f"value: variables.{stamp.who}}}]",
        f": '{stamp.annotation}' in variables.sent",
        f"? [JSONPatch{{op: 'remove', path: '{path}'}}]",
        ": [])",
    ]


def mutation() -> str:
    """The patch that sets each stamp, or takes away one that nobody computed."""
    lines = [
        "(has(object.metadata.annotations) ? []",
        ": [JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}])",
        *(line for stamp in STAMPS for line in _mutation(stamp)),
    ]
    return "expression: >-\n" + "".join(f"  {line}\n" for line in lines)


def said() -> str:
    """What is said by annotation, and what was said before."""
    now = (_variable(_VALUES[s.of], _value("sent", s.of)) for s in _BY_ANNOTATION)
    before = (_variable(_old(_VALUES[s.of]), _value("stored", s.of)) for s in _BY_ANNOTATION)
    return "".join([*now, *before])


def configured() -> str:
    """What is said by annotation to a RamAccount, whose deletion has no object."""
    rows = [row for row in ANNOTATIONS if row.writer is Writer.CONFIGURER]
    sides = (("object", str), ("oldObject", _old))
    return "".join(
        _variable(
            name(row.said),
            f"{side} == null ? ''",
            f": {side}.?metadata.?annotations[?'{row.name}'].orValue('')",
        )
        for row in rows
        for side, name in sides
    )


def _and(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1]


def forged() -> str:
    """That nobody writes a stamp by hand where nothing computes it."""
    names = [stamp.annotation for stamp in STAMPS]
    quoted = [f"'{name}'" for name in names]
    short = [names[0], *(name.partition("/")[2] for name in names[1:])]
    return (
        "expression: >-\n"
        f"  [{', '.join(quoted[:2])},\n"
        f"  {', '.join(quoted[2:4])},\n"
        f"  {', '.join(quoted[4:])}]\n"
        "  .all(k,\n"
        "  !(k in variables.sent)\n"
        "  || (k in variables.stored && variables.sent[k] == variables.stored[k]))\n"
        "message: >-\n"
        f"  {', '.join(short[:3])},\n"
        f"  {_and(short[3:])}\n"
        "  are written by the policy ram-stamp, which this cluster does not have, and by nobody\n"
        "  else\n"
    )


_WRITTEN_BY: Final[Mapping[Writer, str]] = {
    Writer.EDITOR: "every editor",
    Writer.APPROVER: "who has the verb `approve` and is no author; removed by every editor",
    Writer.REJECTER: "every editor; changed or removed by who has the verb `approve`, and by"
    " everybody once `status.lastHandledRejection` names its digest",
    Writer.CONFIGURER: "who has the verb `configure`",
    Writer.ADMISSION: "admission alone",
}


def _on(kinds: tuple[str, ...]) -> str:
    nouns = {"RamPolicy": "policies"}
    if kinds == (ACCOUNT,):
        return ACCOUNT
    if ACCOUNT in kinds:
        return "every kind but RamRecord"
    return ", ".join(nouns.get(kind, KINDS[kind].noun + "s") for kind in kinds)


def verbs() -> str:
    """Which verb is for which kinds."""
    what = {
        Verb.APPROVE: "may approve, and acknowledge drift, in all namespaces or in one",
        Verb.CONFIGURE: "may say who is trusted, which namespace may do what, and which"
        " ServiceAccounts may approve",
    }
    return "".join(
        f"- `{verb}` on {_backticks(kinds_of(verb))}: {about}.\n" for verb, about in what.items()
    )


def _backticks(kinds: tuple[str, ...]) -> str:
    names = [f"`{PLURALS[kind]}`" for kind in kinds]
    return _and(names) if len(names) > 1 else names[0]


def stamps_table() -> str:
    """Which stamp says what."""
    rows = ["| what | on | stamp that names who |\n", "| --- | --- | --- |\n"]
    changes = {ANNOTATION_CHANGED_BY: "changes of `spec`", "spec.suspend": "`spec.suspend: true`"}
    for stamp in STAMPS:
        what = changes.get(stamp.annotation) or changes.get(stamp.of) or f"`{stamp.of}`"
        rows.append(f"| {what} | {_on(GATED)} | `{stamp.annotation}` |\n")
    return "".join(rows)


_CELLS: Final = re.compile(r"^\| `(?P<name>[^`]+)` \|.*\| (?P<meaning>[^|]*) \|$", re.MULTILINE)


def annotations_table(body: str) -> str:
    """Where each annotation stands and who writes it; what it means is kept as the page has it."""
    meanings = {found["name"]: found["meaning"] for found in _CELLS.finditer(body)}
    rows = ["| annotation | on | written by | meaning |\n", "| --- | --- | --- | --- |\n"]
    rows += [
        f"| `{row.name}` | {_on(row.kinds)} | {_WRITTEN_BY[row.writer]}"
        f" | {meanings.get(row.name, '')} |\n"
        for row in ANNOTATIONS
    ]
    return "".join(rows)


WRITERS: Final[Mapping[str, Callable[[], str]]] = {
    "kinds to approve": lambda: _resources(Verb.APPROVE) + "\n",
    "kinds to configure": lambda: _resources(Verb.CONFIGURE) + "\n",
    "who said what": stamped,
    "stamps": mutation,
    "what is said": said,
    "authors": lambda: _variable(
        "authors", _value("sent", ANNOTATION_CHANGED_BY) + r".split('\n')"
    ),
    "kinds whose deletion is held": lambda: (
        "resources: " + _list(PLURALS[kind] for kind in HELD_DELETIONS) + "\n"
    ),
    "authors before": lambda: _variable("before", _value("stored", ANNOTATION_CHANGED_BY)),
    "what is said to an account": configured,
    "stamps by hand": forged,
    "who asks to delete": lambda: _variable(
        "deleter", _value("sent", ANNOTATION_DELETE_REQUESTED_BY)
    ),
    "what is asked": lambda: _variable("asked", _value("stored", ANNOTATION_DELETE_REQUESTED)),
    "verbs": verbs,
    "table of stamps": stamps_table,
}


def _written(found: re.Match[str]) -> str:
    name = found["name"]
    text = annotations_table(found["body"]) if name == "table" else WRITERS[name]()
    lines = "".join(f"{found['indent']}{line}\n" for line in text.splitlines())
    return found["first"] + lines + found["last"]


def files() -> dict[Path, str]:
    """Each file as it is to be. Raises KeyError where a block has a name that is not known."""
    return {path: _BLOCK.sub(_written, path.read_text()) for path in FILES}


if __name__ == "__main__":
    sys.exit(main_of(__doc__, files, "python scripts/guarded_lists.py"))
