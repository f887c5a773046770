"""As whom the plugin asks the API server: the rules of kubectl for kubeconfigs and flags."""

from __future__ import annotations

import base64
import json
import stat
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from ram_operator.cli import kubeconfig
from ram_operator.cli.kubeconfig import Identity, Where
from ram_operator.cli.main import main
from ram_operator.cli.outcomes import Failed
from tests.unit.stub_server import Reply, Request, stub

Json = dict[str, Any]
VERSION: Final = "client.authentication.k8s.io/v1"
AS: Final = {
    "token": "t",
    "as": "ann",
    "as-uid": "u-1",
    "as-groups": ["dev", "ops"],
    "as-user-extra": {"example.com/Team": ["a", "b"]},
}


def config(server: str, user: Json, **more: Any) -> Json:
    return {
        "current-context": "x",
        "clusters": [{"name": "x", "cluster": {"server": server}}],
        "users": [{"name": "x", "user": user}, {"name": "other", "user": {"token": "second"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        **more,
    }


def asked(tmp_path: Path, user: Json, *words: str) -> list[tuple[str, str]]:
    """The headers of the first request that say who asks, in lower letters, in their order."""
    with stub(lambda _: Reply(body=b'{"items": []}')) as server:
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(config(f"http://{server.host}", user)))
        assert main(["pending", "--kubeconfig", str(file), *words]) == 0
        names = ("authorization", "impersonate-")
        return [
            (name.lower(), value)
            for name, value in server.asked[0].listed
            if name.lower().startswith(names)
        ]


def failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], user: Json, *words: str
) -> tuple[str, list[Request]]:
    """What is said, and what was sent all the same."""
    with stub(lambda _: Reply(body=b'{"items": []}')) as server:
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(config(f"http://{server.host}", user)))
        assert main(["pending", "--kubeconfig", str(file), *words]) == 2
        said = capsys.readouterr().err
        assert "a defect" not in said
        return said, server.asked


# --- impersonation


def test_all_that_a_kubeconfig_impersonates_is_asked_for(tmp_path: Path) -> None:
    assert sorted(asked(tmp_path, AS)) == [
        ("authorization", "Bearer t"),
        ("impersonate-extra-example.com%2fteam", "a"),
        ("impersonate-extra-example.com%2fteam", "b"),
        ("impersonate-group", "dev"),
        ("impersonate-group", "ops"),
        ("impersonate-uid", "u-1"),
        ("impersonate-user", "ann"),
    ]


@pytest.mark.parametrize(
    ("words", "user", "groups"),
    [
        (("--as", "bob"), "bob", ["dev", "ops"]),
        (("--as-group", "sec"), "ann", ["sec"]),
        (
            ("--as", "bob", "--as-group", "a", "--as-group", "b", "--as-uid", "u-2"),
            "bob",
            ["a", "b"],
        ),
    ],
)
def test_flags_count_before_the_kubeconfig(
    tmp_path: Path, words: tuple[str, ...], user: str, groups: list[str]
) -> None:
    found = asked(tmp_path, AS, *words)
    assert ("impersonate-user", user) in found
    assert [value for name, value in found if name == "impersonate-group"] == groups
    uid = "u-2" if "--as-uid" in words else "u-1"
    assert ("impersonate-uid", uid) in found


def test_a_name_of_any_script_reaches_the_server_as_utf8(tmp_path: Path) -> None:
    found = dict(asked(tmp_path, {"token": "t", "as": "安"}))
    assert found["impersonate-user"].encode("latin-1").decode() == "安"


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ({"as-groups": ["dev"]}, "and no user"),
        ({"as-uid": "u"}, "and no user"),
        ({"as": "ann\r\nX-Evil: yes"}, "letters that no header can have"),
        ({"as": ["ann"]}, "as is no text"),
        ({"as": "ann", "as-groups": "dev"}, "as-groups is no list of texts"),
        ({"as": "ann", "as-user-extra": ["x"]}, "as-user-extra is no mapping"),
        ({"token": "a\nb"}, "letters that no header can have"),
        ({"token": "a", "username": "b"}, "only one is allowed"),
        ({"auth-provider": {"name": "gcp\x1b[2J"}}, "auth-provider plugin gcp\\u001b[2J, which"),
        ({"tokenFile": "missing"}, "tokenFile of the kubeconfig"),
        ({"client-certificate": "missing.pem"}, "there is no file"),
        ({"client-certificate-data": "%"}, "is no base64"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], user: Json, said: str
) -> None:
    told, sent = failed(tmp_path, capsys, user)
    assert said in told
    assert "\x1b" not in told
    assert sent == []


# --- credentials


def test_other_ways_to_log_in(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("newer\n")
    assert asked(tmp_path, {"tokenFile": "token", "token": "old"}) == [
        ("authorization", "Bearer newer")
    ]
    pair = base64.b64encode(b"ann:pw").decode()
    assert asked(tmp_path, {"username": "ann", "password": "pw"}) == [
        ("authorization", f"Basic {pair}")
    ]
    assert asked(tmp_path, {}) == []
    assert asked(tmp_path, {"token": "t"}, "--user", "other") == [
        ("authorization", "Bearer second")
    ]


def plugin(tmp_path: Path, text: str, **more: Any) -> Json:
    """A user whose exec plugin is a program of that text, beside the kubeconfig."""
    file = tmp_path / "plugins" / "login"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!{sys.executable}\nimport json, os, sys\n{text}\n")
    file.chmod(stat.S_IRWXU)
    return {"exec": {"command": "plugins/login", "apiVersion": VERSION, **more}}


ANSWER: Final = (
    "print(json.dumps({'apiVersion': '" + VERSION + "', 'kind': 'ExecCredential', 'status': %s}))"
)


def test_an_exec_plugin_logs_in(tmp_path: Path) -> None:
    said = ANSWER % "{'token': '-'.join([*sys.argv[1:], os.environ['WHO'], config['a']])}"
    told = "json.loads(os.environ['KUBERNETES_EXEC_INFO'])['spec']"
    text = f"config = {told}['cluster']['config']\n{said}"
    user = plugin(
        tmp_path,
        text,
        args=["one"],
        env=[{"name": "WHO", "value": "ann"}],
        provideClusterInfo=True,
        interactiveMode="Never",
    )
    with stub(lambda _: Reply(body=b'{"items": []}')) as server:
        whole = config(f"http://{server.host}", user)
        extension = {"name": "client.authentication.k8s.io/exec", "extension": {"a": "b"}}
        whole["clusters"][0]["cluster"]["extensions"] = [extension]
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(whole))
        assert main(["pending", "--kubeconfig", str(file)]) == 0
        assert server.asked[0].headers["Authorization"] == "Bearer one-ann-b"


def test_with_a_token_no_plugin_is_asked(tmp_path: Path) -> None:
    user = {**plugin(tmp_path, "sys.exit(7)"), "token": "t"}
    assert asked(tmp_path, user) == [("authorization", "Bearer t")]


FAILING: Final[dict[str, tuple[str, Json, str]]] = {
    "exit": ("sys.exit(7)", {}, "ended with 7"),
    "no json": ("print('hello')", {}, "no ExecCredential in JSON"),
    "brackets": ("print('[' * 100000)", {}, "no ExecCredential in JSON"),
    "nothing in it": (ANSWER % "{}", {}, "neither a token nor a certificate"),
    "no key": (ANSWER % "{'clientCertificateData': 'x'}", {}, "neither a token nor a certificate"),
    "no status": (ANSWER % "None", {}, "no ExecCredential in JSON"),
    "other version": (
        ANSWER % "{'token': 't'}",
        {"apiVersion": "client.authentication.k8s.io/v1beta1"},
        "no ExecCredential client.authentication.k8s.io/v1beta1",
    ),
    "old version": ("", {"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "apiVersion has"),
    "no program": ("", {"command": "plugins/none", "installHint": "get it"}, "get it"),
    "no command": ("", {"command": None}, "names no command"),
    "asks somebody": ("", {"interactiveMode": "Always"}, "has to ask somebody"),
    "odd token": (ANSWER % "{'token': 'a\\nb'}", {}, "letters that no header can have"),
    "odd environment": ("", {"env": ["x"]}, "no list of names and values"),
}


@pytest.mark.parametrize(("text", "more", "said"), FAILING.values(), ids=FAILING)
def test_a_plugin_that_fails_is_an_error_and_nothing_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, more: Json, said: str
) -> None:
    told, sent = failed(tmp_path, capsys, plugin(tmp_path, text, **more))
    assert said in told
    assert sent == []


# --- files, contexts, clusters


BROKEN: Final[dict[str, tuple[str, str]]] = {
    "brace": ("{", "it is no YAML"),
    "brackets": ("[" * 5000, "it is no YAML"),
    "a list": ("[1]", "it is no mapping"),
    "a word": ("hello", "it is no mapping"),
    "users in words": ("users: all", "users is no list"),
    "a user without a name": ("users: [{user: {}}]", "users is no list"),
    "a user in words": ("users: [{name: x, user: all}]", "is no mapping"),
    "a context as number": ("current-context: 7", "current-context is no text"),
    "no context": ("{}", "chooses no cluster"),
    "missing context": ("current-context: gone", "contexts has no entry 'gone'"),
    "no letters": ("\x00", "it is no YAML"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_kubeconfig_is_no_defect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    assert main(["pending", "--kubeconfig", str(file)]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "a defect" not in told


def load(where: Where, **environment: str) -> kubeconfig.Login:
    found = kubeconfig.load(where, environment)
    assert found is not None
    return found


def test_of_several_files_the_first_word_counts(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "config", tmp_path / "b" / "config"
    for file, name in ((first, "one"), (second, "two")):
        file.parent.mkdir()
        entry = {"client-key": "key.pem"}
        whole = config(f"https://{name}", entry, **{"current-context": "x"})
        whole["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
        whole["clusters"].append({"name": name, "cluster": {"server": name}})
        whole["users"].append({"name": name, "user": entry})
        file.write_text(yaml.safe_dump(whole))
    both = f"{tmp_path / 'none'}:{first}:{second}"
    assert load(Where(), KUBECONFIG=both).server == "https://one"
    other = load(Where(context="two"), KUBECONFIG=both)
    assert (other.server, other.user["client-key"]) == (
        "http://two",
        str(second.parent / "key.pem"),
    )
    mixed = load(Where(cluster="two", user="one"), KUBECONFIG=both)
    assert (mixed.server, mixed.user["client-key"]) == ("http://two", str(first.parent / "key.pem"))
    assert kubeconfig.load(Where(), {"KUBECONFIG": str(tmp_path / "none")}) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"server": ""}, "the cluster has no server"),
        ({"insecure-skip-tls-verify": True, "certificate-authority": "a"}, "only one is allowed"),
        ({"proxy-url": "socks5://a"}, "http and https proxies only"),
    ],
)
def test_a_cluster_that_cannot_be_meant(tmp_path: Path, change: Json, said: str) -> None:
    whole = config("https://x", {})
    whole["clusters"][0]["cluster"].update(change)
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(whole))
    with pytest.raises(Failed, match=said):
        load(Where(kubeconfig=str(file)))


def test_a_namespace_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told, sent = failed(tmp_path, capsys, {"token": "t"}, "-n", "a\nForged: yes")
    assert "is no name of a namespace" in told
    assert "\nForged" not in told
    assert sent == []


def test_identities_are_joined_part_by_part() -> None:
    flags = Identity("bob", extra={"a": ("1",)})
    file = Identity("ann", "u", ("dev",), {"a": ("2",), "b": ("3",)})
    assert flags.over(file) == Identity("bob", "u", ("dev",), {"a": ("1",), "b": ("3",)})
