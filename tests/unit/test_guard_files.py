"""The guard from files of the API server: never concluded, and believed by its refusals alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import ClusterApi
from ram_operator.cluster.guard import FROM_FILES, SUFFIX, AdmissionGuard, in_files, shipped
from ram_operator.constants import GuardSource
from ram_operator.gate.inputs import Guard
from tests.structure.pure import ROOT
from tests.unit.stub_server import Reply, Request, stub
from tests.unit.test_guard import Time
from tests.unit.test_guard_probe import OF_DRIFT, OURS, ROLE, STORED, Cluster, body, says

Json = dict[str, Any]


def from_file(message: str) -> str:
    return message.replace("'ram-approve'", f"'ram-approve{SUFFIX}'")


FILED: Final = Cluster(
    approving=says(403, from_file(OURS)), acknowledging=says(403, from_file(OF_DRIFT))
)


@contextmanager
def asked(
    cluster: Callable[[Request], Reply], *, listed: str = "", waived: bool = False
) -> Iterator[AdmissionGuard]:
    """A guard in files, on a cluster whose API shows nothing but what is `listed`."""

    def answer(request: Request) -> Reply:
        path = request.path.partition("?")[0]
        if "admissionregistration" not in path:
            return cluster(request)
        return Reply(200, json.dumps({"metadata": {}}).encode()) if path == listed else NOTHING

    with stub(answer) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        api = ClusterApi(client, lambda what, kind: None)
        yield AdmissionGuard(api, waived, Time(), source=GuardSource.FILES)
        client.rest_client.pool_manager.clear()


NOTHING: Final = Reply(404, b"{}")


def test_only_the_policy_from_a_file_may_refuse() -> None:
    with asked(FILED) as guard:
        assert guard.state() is Guard.FILES
        assert guard.state(ROLE, fresh=True) is Guard.FILES
    # The same refusal by a policy of the API.
    with asked(Cluster()) as guard:
        assert guard.state(ROLE, fresh=True) is Guard.MISSING
    with asked(Cluster(), waived=True) as guard:
        assert guard.state(ROLE, fresh=True) is Guard.WAIVED


def test_a_name_that_only_looks_like_it_is_another_one() -> None:
    """The API takes it from whoever may write policies."""
    other = f"'ram-approve{SUFFIX.replace('.', '-')}'"
    said = [text.replace("'ram-approve'", other) for text in (OURS, OF_DRIFT)]
    like = Cluster(approving=says(403, said[0]), acknowledging=says(403, said[1]))
    with asked(like) as guard:
        assert guard.state(ROLE, fresh=True) is Guard.MISSING


def test_stamps_have_to_be_kept_there_as_well() -> None:
    forged = Reply(200, json.dumps(body(changed_by="guard-probe")).encode())
    assert STORED != "guard-probe"
    kept = Cluster(FILED.stored, FILED.approving, FILED.acknowledging, forged)
    with asked(kept) as guard:
        assert guard.state(ROLE, fresh=True) is Guard.MISSING


@pytest.mark.parametrize("listed", in_files())
def test_what_the_api_shows_is_from_no_file(listed: str) -> None:
    with asked(FILED, listed=listed) as guard:
        assert guard.state() is Guard.MISSING
        assert guard.state(ROLE, fresh=True) is Guard.MISSING


def test_all_that_can_be_in_files_is_there() -> None:
    folder = ROOT / "deploy" / "admission" / "variants" / "files"
    assert sorted(path.stem for path in folder.glob("*/*.yaml")) == sorted(FROM_FILES)
    named = {where.rpartition("/")[2] for where in shipped()}
    # Their parameters are in the API.
    assert named - set(FROM_FILES) == {"ram-approvers", "ram-delete"}
    assert len(in_files()) == 2 * len(FROM_FILES)


def test_the_files_are_what_is_shipped() -> None:
    script = ROOT / "scripts" / "static_admission.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
