"""`kubectl ram pending`, `show` and `digest` on a real API server, as a process under kubectl."""

from __future__ import annotations

import json

import yaml

from tests.cli.support import DIGEST, OTHER, REJECT, Desk


def test_what_waits_in_all_kinds(desk: Desk) -> None:
    desk.waits("alpha", since="2026-11-22T08:00:00Z")
    desk.waits("beta", "RamPolicy", kind="EscalatingGrant", verdict="wider")
    desk.waits("gamma", "RamUser", since="2026-11-21T08:00:00Z")
    desk.waits("delta", "RamGroup", since="2026-11-23T08:00:00Z")
    desk.waits("epsilon")
    desk.as_operator("epsilon", "RamRole", {"status": {"pending": None}})
    table = desk.ram("pending")
    assert (table.code, table.err) == (0, "")
    header, *rows = table.out.splitlines()
    assert header.split() == [
        "OBJECT",
        "CHANGE",
        "VERDICT",
        "WAITING",
        "EXPIRES",
        "ASKED",
        "BY",
        "STATE",
    ]
    shown = [row.split()[:3] for row in rows]
    assert shown == [
        ["rampolicy/beta", "EscalatingGrant", "wider"],
        ["ramuser/gamma", "TrustChange", "mixed"],
        ["ramrole/alpha", "TrustChange", "mixed"],
        ["ramgroup/delta", "TrustChange", "mixed"],
    ], "the oldest first"
    assert all(row.split()[-1] == "waiting" for row in rows)


def test_forms_of_the_list(desk: Desk) -> None:
    desk.waits("alpha")
    names = desk.ram("pending", "-o", "name")
    assert (names.code, names.out) == (0, "ramrole.ram.alibabacloud.com/alpha\n")
    listed = json.loads(desk.ram("pending", "-o", "json").out)
    assert yaml.safe_load(desk.ram("pending", "-o", "yaml").out) == listed
    assert (listed["kind"], listed["apiVersion"]) == (
        "PendingChangeList",
        "plugin.ram.alibabacloud.com/v1alpha1",
    )
    (item,) = listed["items"]
    assert item["pending"]["digest"] == DIGEST
    assert item["object"]["namespace"] == desk.namespace
    wide = desk.ram("pending", "-o", "wide").out
    assert DIGEST in wide
    everywhere = desk.ram("pending", "-A", namespace=False).out
    assert everywhere.startswith("NAMESPACE")
    assert any(
        row.split()[:2] == [desk.namespace, "ramrole/alpha"] for row in everywhere.splitlines()
    )


def test_alone_it_prints_its_help(desk: Desk) -> None:
    alone = desk.ram(namespace=False)
    assert (alone.code, alone.err) == (0, "")
    assert "pending" in alone.out


def test_a_member_of_a_group_is_acted_as(desk: Desk) -> None:
    desk.waits("alpha")
    administrator = {"KUBECONFIG": desk.cluster.environment()["KUBECONFIG"]}
    acting = ("--as", "nobody", "--as-group", "others", "--as-group", "system:masters")
    shown = desk.ram(*acting, "show", "ramrole", "alpha", **administrator)
    alone = desk.ram(*acting[:4], "show", "ramrole", "alpha", **administrator)
    assert (shown.code, alone.code) == (0, 3), (shown.err, alone.err)


def test_an_empty_list_is_no_error(desk: Desk) -> None:
    result = desk.ram("pending")
    assert (result.code, result.out) == (0, "")
    assert result.err == f"No change waits for an approval in namespace {desk.namespace}.\n"
    assert desk.ram("pending", "-o", "name").out == ""
    assert json.loads(desk.ram("pending", "-o", "json").out)["items"] == []


def test_a_list_that_is_not_complete_says_so(desk: Desk) -> None:
    """Rights on one kind only: what can be seen is shown, and nobody takes it for all."""
    desk.waits("alpha")
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{desk.namespace}"
    rule = {"apiGroups": ["ram.alibabacloud.com"], "resources": ["ramroles"], "verbs": ["list"]}
    meta = {"metadata": {"name": "roles-only"}}
    desk.cluster.request("POST", f"{base}/roles", {**meta, "rules": [rule]})
    group = "rbac.authorization.k8s.io"
    binding = {
        **meta,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "roles-only"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "frank"}],
    }
    desk.cluster.request("POST", f"{base}/rolebindings", binding)
    result = desk.ram("pending", user="frank")
    assert result.code == 2
    assert "ramrole/alpha" in result.out
    assert result.err.count("not in the list: you may not list") == 3
    nobody = desk.ram("pending", user="nobody")
    assert (nobody.code, nobody.out) == (3, "")
    assert "you may not list ramroles in namespace" in nobody.err
    assert "nobody lacks that right" in nobody.err


def test_who_gains_comes_first_and_the_diff_last(desk: Desk) -> None:
    desk.waits("alpha")
    result = desk.ram("show", "ramrole/alpha")
    assert (result.code, result.err) == (0, "")
    order = [
        "Would gain",
        "+ account 9999888877776666, outside the trusted list",
        "Would lose",
        "- service fc.aliyuncs.com",
        "RAM002 critical",
        "remedy: remove the account",
        "--- as it is",
        "-      - fc.aliyuncs.com",
        "+      - acs:ram::9999888877776666:root",
    ]
    places = [result.out.index(text) for text in order]
    assert places == sorted(places)
    assert DIGEST in result.out
    assert "\x1b" not in result.out, "a pipe gets no colours"
    for name in (
        "ramroles/alpha",
        "arr/alpha",
        "RamRole/alpha",
        "ramrole.ram.alibabacloud.com/alpha",
    ):
        assert desk.ram("show", name).out.splitlines()[0] == result.out.splitlines()[0]


def test_colours_are_for_terminals_and_for_who_wants_them(desk: Desk) -> None:
    desk.waits("alpha")
    assert "\x1b[32m" in desk.ram("show", "ramrole/alpha", "--color=always", NO_COLOR="1").out
    for arguments, variables, coloured in (
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"TERM": "dumb"}, False),
        (("--color=never",), {}, False),
    ):
        terminal = desk.terminal("show", "ramrole/alpha", *arguments, **variables)
        terminal.until("acs:ram::9999888877776666:root")
        assert terminal.answer("") == 0
        assert ("\x1b[" in terminal.shown) is coloured, (arguments, variables)


def test_one_change_for_programs(desk: Desk) -> None:
    desk.waits("alpha")
    shown = json.loads(desk.ram("show", "ramrole/alpha", "-o", "json").out)
    assert (shown["kind"], shown["state"]) == ("PendingChange", "waiting")
    assert shown["pending"]["gains"] == desk.get("alpha")["status"]["pending"]["gains"]
    digest = desk.ram("digest", "ramrole/alpha")
    assert (digest.code, digest.out) == (0, f"{DIGEST}\n")
    assert desk.ram("show", "ramrole/alpha", "-o", "name").out.endswith("/alpha\n")


def test_what_a_manifest_says_cannot_fool_a_terminal(desk: Desk) -> None:
    """Escape codes, other directions and look-alikes come from whoever asks for the change."""
    desk.waits(
        "alpha",
        gains=["nobody\x1b[2K\r gains", "\u0430ccount \u202egnihton"],
        after='{"trustPolicy": {"Service": ["f\u0441.aliyuncs.com\\u001b[31m"]}}',
    )
    out = desk.ram("show", "ramrole/alpha", "--color=never").out
    assert all(" " <= char <= "~" or char == "\n" for char in out)
    for spelled in ("\\u001b[2K\\r", "\\u0430ccount", "\\u202e", "f\\u0441.aliyuncs.com"):
        assert spelled in out


def test_what_cannot_be_read_says_why(desk: Desk) -> None:
    desk.waits("alpha", digest=None)
    desk.waits("quiet")
    desk.as_operator("quiet", "RamRole", {"status": {"pending": None}})
    no_server = desk.home / "no-server.kubeconfig"
    no_server.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
        "clusters: [{name: x, cluster: {server: 'https://127.0.0.1:9'}}]\n"
        "users: [{name: x, user: {token: abc}}]\n"
        "contexts: [{name: x, context: {cluster: x, user: x, namespace: deep}}]\n"
    )
    for arguments, code, said in (
        (("show", "ramrole/quiet"), 1, "no change waits"),
        (("show", "ramrole/missing"), 2, "there is no ramrole/missing in namespace"),
        (("show", "pod/alpha"), 2, "kinds are ramrole, rampolicy, ramuser, ramgroup"),
        (("show", "ramrole/../secrets"), 2, "is no name of an object"),
        (("digest", "ramrole/alpha"), 3, "has not offered the change"),
        (("show", "ramrole/alpha", "--kubeconfig", str(no_server)), 2, "does not answer"),
        (("show", "ramrole/alpha", "--kubeconfig", "/missing"), 2, "kubeconfig cannot be used"),
        (("show", "ramrole/alpha", "--context", "nowhere"), 2, "kubeconfig cannot be used"),
        (("show",), 2, "KIND/NAME"),
        (("pending", "-o", "xml"), 2, "invalid choice"),
        (("show", "ramrole/alpha", "--request-timeout", "0"), 2, "number of seconds"),
    ):
        result = desk.ram(*arguments)
        assert (result.code, result.out) == (code, ""), (arguments, result)
        assert said in result.err, (arguments, result)
        assert "Traceback" not in result.err


def test_who_is_not_known_is_told_so(desk: Desk) -> None:
    desk.waits("alpha")
    text = desk.cluster.kubeconfig_for_user("carol").read_text()
    config = yaml.safe_load(text)
    config["users"][0]["user"] = {"token": "wrong"}
    wrong = desk.home / "wrong.kubeconfig"
    wrong.write_text(yaml.safe_dump(config))
    result = desk.ram("show", "ramrole/alpha", "--kubeconfig", str(wrong))
    assert result.code == 2
    assert "does not know you" in result.err


def test_the_namespace_of_the_context_counts(desk: Desk) -> None:
    desk.waits("alpha")
    config = yaml.safe_load(desk.cluster.kubeconfig_for_user("carol").read_text())
    config["contexts"][0]["context"]["namespace"] = desk.namespace
    own = desk.home / "own.kubeconfig"
    own.write_text(yaml.safe_dump(config))
    result = desk.ram("digest", "ramrole/alpha", "--kubeconfig", str(own), namespace=False)
    assert (result.code, result.out) == (0, f"{DIGEST}\n")


def test_a_rejection_is_shown(desk: Desk) -> None:
    desk.waits("alpha", rejected="not before the audit")
    shown = desk.ram("show", "ramrole/alpha").out
    assert "Rejected\n  (unknown): not before the audit\n" in shown
    assert shown.index("Rejected") < shown.index("Would gain")
    assert desk.ram("pending").out.splitlines()[1].split()[-1] == "rejected"
    desk.waits("beta")
    note = {"metadata": {"annotations": {REJECT: f"{OTHER} of an earlier change"}}}
    path = desk.path("RamRole", "beta")
    desk.cluster.request("PATCH", path, note, content_type="application/merge-patch+json")
    assert "Rejected" not in desk.ram("show", "ramrole/beta").out
