"""Writes docs/reference/rules.md from the rules on trust; with --check says if it is up to date.

Called by people after an edit of ram_operator.gate.rules and by the tests. The rows are the rules'
own words; this file must add none about a single rule.
"""

from __future__ import annotations

import sys

from generated import ROOT, main

PAGE = ROOT / "docs" / "reference" / "rules.md"
sys.path.insert(0, str(ROOT / "operator"))

from ram_operator.gate import rules  # noqa: E402 - the source root has to be on the path first
from ram_operator.gate.rule import Rule  # noqa: E402

_INTRODUCTION = """\
# Rules on trust and rights

Written by `scripts/rules_reference.py` from `gate/rules.py` and `gate/practice.py`: edit the rules,
not this page.

Each rule names everything that breaks it. Ids are stable. *Judged on* says what a rule looks at:
the trust policy of a role, at its creation and at each change; only what a change does to it; the
name of what is created; a permission document; how a user's ways to sign in are watched; an
identity as it is in the cloud; or a right that somebody is about to get: to change rights, to act
as another identity by a detour, or to do either for longer. A finding of severity
critical on a new role's trust holds its creation. Every change of meaning of an existing role's
trust and every right to change rights is held whatever the findings, which are then listed in
`status.pending.findings`. What the rules find in the trust that is in force, in a permission
document, in how a user signs in and in an identity as it is, whether or not anything waits, is in
`status.findings` and in the metric `ram_operator_finding`, and holds nothing; what RAM021 says of
something that is not held is in an event `FindingReported`. `…` in a sentence stands for the name
of what breaks the rule.

| id | rule | severity | judged on | says | remedy |
| --- | --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page as Markdown."""
    rows = [
        f"| {rule.id} | {rule.title} | {rule.severity} | {rule.on} | {_says(rule)}"
        f" | {_cell(rule.remedy)} |\n"
        for rule in rules.RULES
    ]
    return _INTRODUCTION + "".join(rows)


def _says(rule: Rule) -> str:
    return _cell(rule.sentence.format("…", "…", "…"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main(__doc__, PAGE, page, "python scripts/rules_reference.py"))
