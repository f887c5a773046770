"""The developer: a role of one's own, a slip, a trust that has to wait, and the way back."""

from __future__ import annotations

from tests.first_days.day import Day, managed, manifest_of_the_readme

DEV = "dev@shop.example"
EDITS = "--clusterrole=ram-operator-edit"
APPLY = "kubectl apply -f mine.yaml"


def live(today: Day) -> None:
    with managed(today):
        today.types(f"kubectl create rolebinding edits -n identity {EDITS} --user={DEV}")
        mine = manifest_of_the_readme()
        file = today.home / "mine.yaml"
        file.write_text(mine)
        today.types(APPLY, by=DEV)
        today.ready("ramrole/shop-mine")
        assert "shop-mine" in today.cloud()["roles"]

        file.write_text(mine.replace("Effect: Allow", "efect: Allow"))
        today.is_refused(APPLY, "write Effect: instead of efect:", by=DEV)

        file.write_text(mine.replace("fc.aliyuncs.com", "ecs.aliyuncs.com"))
        today.types(APPLY, by=DEV)
        today.sees("kubectl get ramrole shop-mine -n identity", "ApprovalRequired", by=DEV)
        shown = today.sees("kubectl ram show ramrole/shop-mine -n identity", "Would gain", by=DEV)
        assert "ecs.aliyuncs.com" in shown
        today.is_refused(
            "kubectl ram approve ramrole/shop-mine -n identity --yes", "approve", by=DEV
        )
        assert _trusted(today) == ["fc.aliyuncs.com"]

        file.write_text(mine)
        today.types(APPLY, by=DEV)
        today.ready("ramrole/shop-mine")
        today.types("kubectl delete -f mine.yaml", by=DEV)
        assert "shop-mine" not in today.cloud()["roles"]


def _trusted(today: Day) -> list[str]:
    (statement,) = today.cloud()["roles"]["shop-mine"]["trust"]["Statement"]
    return list(statement["Principal"]["Service"])
