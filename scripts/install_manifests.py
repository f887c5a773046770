"""Writes what is handed out to whoever installs the operator: one folder that needs no other.

    install.yaml          for `kubectl apply --server-side -f`, on any cluster
    kustomization.yaml    the example overlay over it
    components/           what the overlay may choose

Called by `make manifests`. The same sources give the same bytes, wherever they are and whoever
renders them.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from generated import ROOT
from runbook_urls import SHIPPED, based

DEPLOY: Final = ROOT / "deploy"
COMPONENTS: Final = DEPLOY / "kustomize" / "components"
NO_STAMPS: Final = DEPLOY / "admission" / "variants" / "no-stamps"
EXAMPLE: Final = DEPLOY / "kustomize" / "overlays" / "example" / "kustomization.yaml"
INSTALL: Final = DEPLOY / "kustomize" / "install"
KUBECTL: Final = Path(sys.executable).with_name("kubectl")
_SHIPPED: Final = re.compile(r"(?<=image: )ram-operator:\S+")
_CHOICE: Final = re.compile(r"^images:\n(?:  .*\n)+", re.MULTILINE)
"""Of the overlay, where an image was not named yet."""
_IMAGE: Final = re.compile(r"[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_.-]+|@sha256:[0-9a-f]{64})")
_ALERTS: Final = "monitoring/prometheusrule.yaml"
_HEAD: Final = """\
# ram-operator: its kinds, its rights, the policies that guard approvals, and the operator itself.
# Written by `make manifests` from deploy/kustomize/install: edit that, not this file.
#
#   kubectl apply --server-side -f install.yaml
#   kubectl create configmap ram-operator -n ram-system --from-literal=clusterName=NAME
#
# The pod waits for that ConfigMap. Each cluster of one cloud account needs a name of its own.
"""


def rendered(image: str) -> str:
    """All objects as one text of YAML. Raises ValueError for what is no image with a tag."""
    if image and not _IMAGE.fullmatch(image):
        raise ValueError(
            f"{image!r} is no image: write for example registry.example/ram-operator:1"
        )
    command = [KUBECTL, "kustomize", INSTALL]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return _HEAD + (_SHIPPED.sub(image, text) if image else text)


def write(folder: Path, image: str, runbooks: str) -> None:
    """The folder, made anew. Of one that holds anything else, nothing is touched."""
    text = rendered(image)
    alerts = based((COMPONENTS / _ALERTS).read_text(), runbooks)
    if folder.exists():
        if not (folder / "install.yaml").exists() and any(folder.iterdir()):
            raise ValueError(f"{folder} holds something else: name another folder")
        shutil.rmtree(folder)
    shutil.copytree(COMPONENTS, folder / "components")
    (folder / "components" / _ALERTS).write_text(alerts)
    shutil.copytree(NO_STAMPS, folder / "components" / NO_STAMPS.name)
    overlay = EXAMPLE.read_text()
    (folder / "kustomization.yaml").write_text(_CHOICE.sub("", overlay) if image else overlay)
    (folder / "install.yaml").write_text(text)


def main() -> int:
    """Returns 0 when the folder is written, 2 for an image, address or folder that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--image", default="", help="with its tag; what the Deployment runs")
    parser.add_argument("--runbooks", default=SHIPPED, help="https://…: where alerts find theirs")
    options = parser.parse_args()
    try:
        write(options.folder, options.image, options.runbooks)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    print(f"{options.folder}/install.yaml, and an overlay over it in the same folder")
    return 0


if __name__ == "__main__":
    sys.exit(main())
