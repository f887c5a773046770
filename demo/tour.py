"""The tour: its steps in order, and how it begins and ends.

The story is that of deploy/samples. Each step is one function in beginning.py, changes.py, gate.py,
told.py or ending.py that runs what a user would type and checks what came of it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from demo import beginning, changes, ending, gate, told
from demo.guide import Guide, Unexpected
from demo.screen import Screen
from demo.stage import Keeper, Stage, StageError
from lab import KubectlError

Step = Callable[[Guide], None]
STEPS: Final[Mapping[str, Step]] = {
    "The cluster accepts the kinds": beginning.install,
    "An account is verified": beginning.samples,
    "Policies and roles are created": beginning.roles,
    "Users and groups are created": beginning.people,
    "Changes behind the operator's back": changes.by_hand,
    "Who did it is told": told.authors,
    "Prometheus tells it": told.alert,
    "People come and go": changes.come_and_go,
    "A change of trust in the manifest is held": gate.held,
    "Somebody else approves exactly that change": gate.approved,
    "A used approval opens nothing more": gate.used,
    "A role that trusts a stranger is not created": gate.stranger,
    "A key made by hand is found": changes.key_found,
    "Deletion cleans up": ending.deletion,
    "What was kept is removed by hand": ending.sweep_up,
}
KEPT: Final = tuple(STEPS)[:-2]
"""What is shown before a demo that is left up: all but the cleaning up."""


def run(directory: Path, screen: Screen, *, keep: bool) -> int:
    """The whole tour; 0 if every step showed what it should, else 1 and the logs are kept."""
    started = time.monotonic()
    # kubectl finds its plugin there.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    typed = os.path.relpath(directory)
    try:
        with Keeper(directory) as keeper:
            stage = Stage.read(directory)
            guide = Guide(keeper, stage, screen, typed)
            for number, (title, step) in enumerate(STEPS.items(), 1):
                if keep and title not in KEPT:
                    break
                screen.title(f"{number}. {title}")
                step(guide)
            stage = Stage.read(directory)
            if keep:
                keeper.keep()
                _explain(screen, typed, stage)
                return 0
        screen.title(f"{len(STEPS) + 1}. Everything is stopped")
        _stopped(stage, screen)
    except (Unexpected, StageError, KubectlError) as error:
        screen.failed(str(error))
        if not isinstance(error, StageError):
            screen.say(f"The logs are in {typed}.")
        return 1
    except KeyboardInterrupt:
        screen.failed("interrupted; everything is stopped")
        return 130
    screen.say(f"It took {time.monotonic() - started:.0f} seconds.")
    return 0


def _stopped(stage: Stage, screen: Screen) -> None:
    left = stage.running()
    if left:
        raise Unexpected(f"still running: {', '.join(left)}")
    screen.checked(f"{', '.join(stage.pids)}: none is running any more")


def _explain(screen: Screen, typed: str, stage: Stage) -> None:
    screen.title("It is up, and yours to play with")
    screen.output(f"""\
export PATH="$PWD/.venv/bin:$PATH" KUBECONFIG="$PWD/{typed}/control-plane/admin.kubeconfig"
kubectl get ram -A                                       # all objects
{f"kubectl apply -k {typed}/samples":<56} # the samples again, after your edits
python -m demo cloud                                     # what is in the cloud (or: cloud users)
python -m demo cloud AttachPolicyToRole RoleName=shop-order-export \\
  PolicyType=System PolicyName=AdministratorAccess       # a change by hand; any RAM action works
kubectl get ramroles -n identity -w                      # ... and what becomes of it, within 4 s

cloud API {stage.endpoint}, emulator's admin API {stage.admin_url}, logs in {typed}
make demo-stop                                           # ends it and removes {typed}""")
