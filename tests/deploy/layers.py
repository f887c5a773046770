"""Keeps what a stage of the replayed image is after a step, in the user's cache.

Used by dockerfile.py for what lock files alone decide: a layer's name is the digest of all that
made it, so it is right for as long as it is found. A layer is renamed into place when it is whole;
whoever is ended before that leaves a directory that nobody takes for one. Files are hard links
where they can be: whoever took a layer may add, replace and remove files, and writes into none.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

UNUSED: Final = 14 * 86400.0
"""Seconds after which a layer that nobody took is removed."""
_UNFINISHED: Final = "unfinished-"


class Layers:
    """The layers below one directory, by digest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def take(self, digest: str, target: Path) -> bool:
        """Put the layer at `target`, which must not exist; False if there is none."""
        layer = self._directory / digest
        if not layer.is_dir():
            return False
        os.utime(layer)
        link_tree(layer, target)
        return True

    def keep(self, digest: str, source: Path) -> None:
        """Remember what stands at `source`, which goes on belonging to the caller."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._forget_unused()
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._directory))
        try:
            link_tree(source, unfinished / "layer")
            os.utime(unfinished / "layer")
            if not (self._directory / digest).is_dir():
                (unfinished / "layer").rename(self._directory / digest)
        except FileExistsError:
            pass  # somebody else was faster, with the same
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _forget_unused(self) -> None:
        for entry in self._directory.iterdir():
            age = time.time() - entry.stat().st_mtime
            if age > (3600.0 if entry.name.startswith(_UNFINISHED) else UNUSED):
                shutil.rmtree(entry, ignore_errors=True)


def link_tree(source: Path, target: Path) -> None:
    """Copies a directory: hard links where the file system allows, links as links."""
    shutil.copytree(source, target, symlinks=True, copy_function=_link)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
    return target
