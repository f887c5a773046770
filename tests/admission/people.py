"""Users and ServiceAccounts with the rights they would have, and their requests.

Each has a client certificate or a token of the real API server: who asks is never claimed.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from lab import Cluster
from lab.connection import RequestFailed
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT

Json = dict[str, Any]
API: Final = "ram.alibabacloud.com/v1alpha1"
_EDIT: Final = ("ram-operator-view", "ram-operator-edit")
_APPROVE: Final = "ram-operator-approver"
_ACCOUNTS: Final = "test-edits-accounts"
_CONFIGURE: Final = "ram-operator-configurer"
_ALL: Final = "cluster-admin"


@dataclass(frozen=True)
class Role:
    """A name in the tables: whom it is, and which ClusterRoles it has; groups only for users."""

    user: str
    roles: Sequence[str] = ()
    groups: Sequence[str] = ()


PEOPLE: Final[Mapping[str, Role]] = {
    "author": Role("ann@shop.example", _EDIT),
    "editor": Role("eve@shop.example", _EDIT),
    "approver": Role("pat@shop.example", (_APPROVE,)),
    "chief": Role("max@shop.example", (*_EDIT, _APPROVE)),
    # Has the verb as a member of a group alone, as people mostly have.
    "security": Role("sam@shop.example", (), ("shop:security",)),
    # May approve roles, and nothing else.
    "roles-only": Role("rob@shop.example", (*_EDIT, "test-approves-roles")),
    # Has the verb in another namespace than that of the objects.
    "elsewhere": Role("liz@shop.example", _EDIT),
    "two-lines": Role("ann@shop.example\nx", (*_EDIT, _APPROVE)),
    "administrator": Role("admin"),
    # Every right there is, as a stock Argo CD controller has, and in no list.
    "argocd": Role("system:serviceaccount:argocd:argocd-application-controller", (_ALL,)),
    "argocd-server": Role("system:serviceaccount:argocd:argocd-server", (_ALL,)),
    "flux": Role("system:serviceaccount:flux-system:kustomize-controller", (_ALL,)),
    # Listed, and without the verb.
    "bot": Role("system:serviceaccount:flux-system:bot", _EDIT),
    "account-editor": Role("joe@shop.example", (_ACCOUNTS,)),
    "platform": Role("kim@shop.example", (_CONFIGURE, "test-writes-lists")),
    "list-editor": Role("lee@shop.example", ("test-writes-lists",)),
    "terraform": Role("system:serviceaccount:tools:terraform", (_ALL,)),
    "operator": Role(f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"),
}
LISTS: Final = {
    "serviceAccounts": f"{PEOPLE['bot'].user}, {PEOPLE['argocd-server'].user}",
    "gitAccounts": f"\n{PEOPLE['flux'].user}",
    "configurers": PEOPLE["terraform"].user,
}


class Person:
    """One of PEOPLE on a cluster."""

    def __init__(self, cluster: Cluster, kubeconfig: Path) -> None:
        self.cluster = cluster
        self.kubeconfig = kubeconfig
        (entry,) = json.loads(kubeconfig.read_text())["users"]
        self._user: Json = entry["user"]

    def send(
        self, method: str, path: str, body: object = None, kind: str = "application/json"
    ) -> Json:
        """One request, and the object that came back. Raises RequestFailed when refused."""
        headers = {"Content-Type": kind, "Accept": "application/json"}
        if "token" in self._user:
            headers["Authorization"] = f"Bearer {self._user['token']}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the cluster's url is https on the loopback
            self.cluster.url + path, data=data, method=method, headers=headers
        )
        try:
            with self._opener.open(request, timeout=120) as reply:
                answer: Json = json.loads(reply.read())
                return answer
        except urllib.error.HTTPError as error:
            with error:
                content: Json = json.loads(error.read())
            raise RequestFailed(method, path, error.code, content) from None

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=str(self.cluster.ca_file))
        if "client-certificate-data" in self._user:
            pem = self.kubeconfig.with_suffix(".pem")
            pem.touch(mode=0o600)
            parts = ("client-certificate-data", "client-key-data")
            pem.write_bytes(b"".join(base64.b64decode(self._user[part]) for part in parts))
            context.load_cert_chain(pem)
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )


def introduce(cluster: Cluster) -> dict[str, Person]:
    """Makes the accounts and their rights, and returns everybody by the name in the tables."""
    manifests = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(_rights())})
    cluster.kubectl("apply", "-f", "-", stdin=manifests)
    people = {}
    for name, role in PEOPLE.items():
        if name == "administrator":
            kubeconfig = cluster.admin_kubeconfig
        elif role.user.startswith("system:serviceaccount:"):
            _, _, namespace, account = role.user.split(":")
            kubeconfig = cluster.kubeconfig_for_service_account(namespace, account)
        else:
            kubeconfig = cluster.kubeconfig_for_user(role.user, role.groups)
        people[name] = Person(cluster, kubeconfig)
    return people


def _rights() -> Iterator[Json]:
    for namespace in ("argocd", "flux-system", "tools", "elsewhere"):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    yield _cluster_role("test-approves-roles", "ram.alibabacloud.com", "ramroles", "approve")
    yield _cluster_role(_ACCOUNTS, "ram.alibabacloud.com", "ramaccounts", "get", "create", *_WRITE)
    yield _cluster_role("test-writes-lists", "", "configmaps", "get", "create", *_WRITE)
    for name, role in PEOPLE.items():
        if name == "operator":  # the installation has it
            continue
        subject: Json = {"kind": "User", "name": role.user}
        if role.user.startswith("system:serviceaccount:"):
            _, _, namespace, account = role.user.split(":")
            meta = {"name": account, "namespace": namespace}
            yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
            subject = {"kind": "ServiceAccount", **meta}
        for number, cluster_role in enumerate(role.roles):
            yield _binding(f"test-{name}-{number}", cluster_role, subject)
    yield _binding("test-security", _APPROVE, {"kind": "Group", "name": "shop:security"})
    binding = _binding(
        "test-elsewhere", _APPROVE, {"kind": "User", "name": PEOPLE["elsewhere"].user}
    )
    yield {
        **binding,
        "kind": "RoleBinding",
        "metadata": {"name": "test-elsewhere", "namespace": "elsewhere"},
    }


_WRITE: Final = ("update", "patch", "delete")


def _cluster_role(name: str, group: str, resource: str, *verbs: str) -> Json:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [{"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}],
    }


def _binding(name: str, role: str, subject: Json) -> Json:
    group = {} if subject["kind"] == "ServiceAccount" else {"apiGroup": "rbac.authorization.k8s.io"}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role,
        },
        "subjects": [{**subject, **group}],
    }
