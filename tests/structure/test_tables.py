"""Each table of README and docs is written by a script or compared by a test, or says why not.

The list is tests/structure/tables.yaml. Whatever its place there, no table names what is not: each
word in back quotes stands in the sources.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import yaml

from ram_emulator.quotas import QUOTAS
from ram_operator.model.vocabulary import KeyPhase
from tests.support import documented
from tests.support.documented import ROOT, Table

LIST: Final = ROOT / "tests" / "structure" / "tables.yaml"
SOURCES: Final = (
    "operator/**/*.py",
    "crds/*.yaml",
    "deploy/**/*.*",
    "lab/*.py",
    "bench/*.py",
    "demo/*.py",
    "scripts/*.py",
    "Makefile",
)
OF_OTHERS: Final = {"field-manager", "ignore_changes", "shop-mine"}
"""Words of kubectl and of Terraform, and a name that readers give."""
FAMILIES: Final = re.compile(r"(Numeric|Date)(Less|Greater)Than(Equals)?")
"""Operators that the code makes from parts; tests/unit/test_documents.py has them whole."""


@cache
def listed() -> dict[str, dict[str, list[str]]]:
    """`generated`: script → pages. `compared`: test → tables. `prose`: reason → tables."""
    return dict(yaml.safe_load(LIST.read_text()))


def places(tables: list[Table], rows: dict[str, dict[str, list[str]]]) -> dict[str, list[str]]:
    """Table → where the list has it."""
    found: dict[str, list[str]] = {table.name: [] for table in tables}
    pages = {page: script for script, some in rows["generated"].items() for page in some}
    for table in tables:
        found[table.name] += [pages[table.page]] if table.page in pages else []
    for half in ("compared", "prose"):
        for where, names in rows[half].items():
            for name in names:
                found.setdefault(name, ["no page has it"]).append(where)
    return found


def test_each_table_is_written_or_compared_or_says_why_not() -> None:
    found = places(documented.tables(), listed())
    assert {name: where for name, where in found.items() if not where} == {}
    assert [name for name, where in found.items() if "no page has it" in where] == []
    prose = {name for names in listed()["prose"].values() for name in names}
    written = {name for name, where in found.items() if len(where) > 1 and name in prose}
    assert written == set(), "what is compared needs no excuse"


def test_a_new_table_is_noticed() -> None:
    new = Table("docs/index.md", 1, ("what", "why"), ())
    assert places([new], listed())[new.name] == []


def test_who_writes_and_who_compares_them_is_there_and_knows_the_page() -> None:
    for script, pages in listed()["generated"].items():
        text = (ROOT / script).read_text()
        assert [page for page in pages if page.rpartition("/")[2] not in text] == [], script
        assert "--check" in (ROOT / "scripts" / "generated.py").read_text()
    for test, names in listed()["compared"].items():
        path, _, function = test.partition("::")
        text = (ROOT / path).read_text()
        assert f"def {function}(" in text, test
        stems = {re.split(r"[/.]", name.partition(": ")[0])[-2] for name in names}
        assert [stem for stem in stems if stem not in text] == [], test


def test_no_table_names_what_is_not() -> None:
    files = sorted({path for pattern in SOURCES for path in ROOT.glob(pattern) if path.is_file()})
    sources = "\n".join(path.read_text() for path in files)
    known = set(re.findall(r"[A-Za-z_][A-Za-z0-9_-]{2,}", sources.replace("\\n", " ")))
    known |= {part for word in known for part in re.split(r"[-_]", word)}
    written = {page for pages in listed()["generated"].values() for page in pages}
    missing = {
        (table.name, word)
        for table in documented.tables()
        if table.page not in written
        for row in table.rows
        for code in re.findall(r"`([^`]+)`", " ".join(row))
        for word in re.findall(r"[A-Za-z_][A-Za-z0-9_-]{2,}", code)
        if word not in sources and word.replace("-", "_") not in known | OF_OTHERS
        if word not in OF_OTHERS and not FAMILIES.fullmatch(word)
    }
    assert missing == set()


def _codes(page: str, first: str) -> list[str]:
    """What the first column of a table names."""
    return [
        code for row in documented.rows(page, first) for code in re.findall("`([^`]+)`", row[0])
    ]


def _kinds(pattern: str, kind: str) -> list[dict[str, Any]]:
    found = [
        body
        for path in sorted(ROOT.glob(pattern))
        for body in yaml.safe_load_all(path.read_text())
        if body and body.get("kind") == kind
    ]
    assert found, pattern
    return found


def test_the_policies_of_admission_and_what_is_lost_without_them() -> None:
    """And the keys of the ConfigMap, in docs/operations/admission.md."""
    page = "docs/operations/admission.md"
    policies = {
        each["metadata"]["name"]
        for each in _kinds("deploy/admission/*.yaml", "ValidatingAdmissionPolicy")
        + _kinds("deploy/admission/*.yaml", "MutatingAdmissionPolicy")
    }
    assert set(_codes(page, "policy")) == set(_codes(page, "without")) == policies
    # The ConfigMap comes without any, so that applying it again takes nobody off.
    lists = (ROOT / "deploy" / "admission" / "approvers.yaml").read_text()
    assert _codes(page, "key") == re.findall(r"^#   (\w+) ", lists, re.MULTILINE)


def test_the_roles_and_components_that_are_installed() -> None:
    """As docs/operations/install.md lists them."""
    page = "docs/operations/install.md"
    roles = {
        each["metadata"]["name"] for each in _kinds("deploy/kustomize/base/*.yaml", "ClusterRole")
    }
    assert {*_codes(page, "ClusterRole"), "ram-operator"} == roles
    there = {path.name for path in (ROOT / "deploy" / "kustomize" / "components").iterdir()}
    # That one is made of the policies, see scripts/guarded_lists.py.
    assert {name.partition("/")[2] for name in _codes(page, "component")} == {*there, "no-stamps"}


def test_the_buttons_and_files_for_argocd() -> None:
    actions = (ROOT / "deploy" / "argocd" / "lua" / "actions").glob("*.lua")
    names = {path.stem for path in actions if not path.stem.startswith("discovery")}
    assert set(_codes("docs/operations/argocd.md", "action")) == names
    files = _codes("docs/operations/argocd.md", "file")
    assert [name for name in files if not (ROOT / "deploy" / "argocd" / name).exists()] == []


def test_the_severities_of_alerts_and_the_rows_of_the_dashboard() -> None:
    """As docs/operations/monitoring.md lists them."""
    page = "docs/operations/monitoring.md"
    rules = yaml.safe_load((ROOT / "deploy" / "monitoring" / "rules.yaml").read_text())
    severities: dict[str, set[str]] = {}
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        if "alert" in rule:
            label = rule["labels"]["severity"]
            said = re.findall("critical|warning", label)
            severities.setdefault(rule["alert"], set()).update(said)
    rows = documented.rows(page, "alert")
    assert {row[0].partition("]")[0][1:]: set(row[1].split(", ")) for row in rows} == severities
    board = yaml.safe_load((ROOT / "deploy" / "monitoring" / "dashboard.json").read_text())
    titles = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert [row[0] for row in documented.rows(page, "row")] == titles


def test_each_message_that_refuses_an_approval_is_one() -> None:
    """As docs/user/approvals.md quotes those of kubectl ram and of admission."""
    approvals = [each for each in documented.tables() if each.name == _OF_THE_PLUGIN]
    plugin = _spoken("operator/ram_operator/cli/*.py")
    assert [said for said in _said(approvals) if said not in plugin] == []
    approvals = [each for each in documented.tables() if each.name == _OF_ADMISSION]
    admission = _spoken("deploy/admission/ram-*.yaml")
    assert [said for said in _said(approvals) if said not in admission] == []


_OF_THE_PLUGIN: Final = "docs/user/approvals.md: message | because | then"
_OF_ADMISSION: Final = "docs/user/approvals.md: message | then"


def _said(tables: list[Table]) -> list[str]:
    """Parts of messages, without what stands for something of the reader's."""
    (table,) = tables
    whole = [code for row in table.rows for code in re.findall("`([^`]+)`", row[0])]
    parts = [
        part
        for text in whole
        for part in re.split(r"…|ramroles|ann@shop\.example|patch|: that", text)
    ]
    found = [part.strip(" ,") for part in parts if part.strip(" ,")]
    assert len(found) >= len(table.rows)
    return found


def _spoken(pattern: str) -> str:
    """The texts of sources, with what is written in parts put together."""
    text = " ".join(" ".join(path.read_text().split()) for path in sorted(ROOT.glob(pattern)))
    return re.sub(r"""['"] (\+ )?f?['"]""", "", text)


def test_defaults_worth_knowing_are_those_of_the_kinds() -> None:
    """As docs/user/writing-roles-and-policies.md gives them."""
    said: dict[tuple[str, str], str] = {}
    for cells in documented.rows("docs/user/writing-roles-and-policies.md", "field"):
        *kind, name = re.findall("`([^`]+)`", cells[0])
        said[kind[0] if kind else "RamRole", name] = cells[1]
    for (owner, name), default in said.items():
        path = ROOT / "crds" / f"{owner.lower()}s.yaml"
        (version,) = yaml.safe_load(path.read_text())["spec"]["versions"]
        field = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"][name]
        # What is made of nothing said depends, and is no default of the kind.
        assert default == f"`{field['default']}`" if "default" in field else "; " in default, name


def test_words_that_choose_are_all_told() -> None:
    """accessMode and types of members in docs/user/writing-users-and-groups.md, deletionPolicy in
    docs/user/guide.md."""
    people = "docs/user/writing-users-and-groups.md"
    user, group = (
        yaml.safe_load((ROOT / "crds" / f"{name}.yaml").read_text())["spec"]["versions"][0]
        for name in ("ramusers", "ramgroups")
    )
    spec = user["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    assert _codes(people, "`accessMode`") == spec["accessMode"]["enum"]
    policies = [row[0] for row in documented.rows("docs/user/guide.md", "`spec.deletionPolicy`")]
    assert {text.partition(" ")[0] for text in policies} == set(spec["deletionPolicy"]["enum"])
    members = group["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["members"]
    assert set(_codes(people, "type")) == set(members["items"]["properties"]["type"]["enum"])


def test_the_states_of_access_keys_are_all_told() -> None:
    """In docs/user/programs.md."""
    said = [row[0].split("`")[1] for row in documented.rows("docs/user/programs.md", "`state`")]
    assert said == [phase.value for phase in KeyPhase]


def test_defaults_of_flags_and_quotas() -> None:
    """As docs/operations/high-availability.md and docs/reference/emulator.md give them."""
    rows = documented.rows("docs/reference/flags.md", "flag")
    flags = {row[0].strip("`"): row[1].strip("`") for row in rows}
    said = documented.rows("docs/operations/high-availability.md", "flag")
    assert [row for row in said if float(flags[row[0].strip("`")]) != float(row[1])] == []
    (quotas,) = [
        t for t in documented.tables() if t.name == "docs/reference/emulator.md: name | default"
    ]
    assert {row[0].strip("`"): int(row[1].strip("`")) for row in quotas.rows} == QUOTAS
