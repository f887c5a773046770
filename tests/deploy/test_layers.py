"""What is kept of a replayed image: taken for the same inputs only, and never half of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy import dockerfile
from tests.deploy.dockerfile import Replay
from tests.deploy.layers import Layers

IMAGE = "python:3.12.12-slim-bookworm"
STEPS = f"""
FROM {IMAGE} AS base
FROM base AS build
COPY requirements/run.txt /build/
RUN cat /build/run.txt > /build/installed && date +%N > /build/made
COPY operator/source /build/
RUN cat /build/source > /build/compiled
"""


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path / "layers")


def _tree(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def test_a_layer_is_another_directory_with_the_same_in_it(tmp_path: Path, layers: Layers) -> None:
    source = _tree(tmp_path / "source", a="one")
    (source / "link").symlink_to("a")
    layers.keep("digest", source)
    (source / "a").unlink()
    assert layers.take("digest", tmp_path / "first")
    (tmp_path / "first" / "a").unlink()
    assert layers.take("digest", tmp_path / "second")
    assert (tmp_path / "second" / "link").read_text() == "one"
    assert (tmp_path / "second" / "link").is_symlink()
    assert not layers.take("another", tmp_path / "third")


def test_what_was_not_finished_is_no_layer(tmp_path: Path, layers: Layers) -> None:
    layers.keep("digest", _tree(tmp_path / "source", a="one"))
    missing = tmp_path / "source" / "gone"
    with pytest.raises(OSError, match="gone"):
        layers.keep("half", missing)
    assert [path.name for path in (tmp_path / "layers").iterdir()] == ["digest"]
    assert not layers.take("half", tmp_path / "target")


def test_a_stage_is_taken_as_long_as_no_lock_file_changed(tmp_path: Path, layers: Layers) -> None:
    # The steps need nothing of the base image.
    layers.keep(dockerfile.digest_of_base(IMAGE), _tree(tmp_path / "nothing"))

    def made(number: int, lock: str, source: str) -> tuple[str, str, str]:
        context = tmp_path / f"context-{number}"
        _tree(context / "requirements", **{"run.txt": lock})
        _tree(context / "operator", source=source)
        replay = Replay(tmp_path / f"home-{number}", context, layers)
        build = replay.run(dockerfile.stages(STEPS)) / "build"
        return tuple(  # type: ignore[return-value]
            (build / name).read_text() for name in ("made", "installed", "compiled")
        )

    first = made(1, "a==1", "one")
    assert made(2, "a==1", "two") == (first[0], "a==1", "two")
    stamp, installed, compiled = made(3, "a==2", "two")
    assert stamp != first[0], "it was made of another lock file"
    assert (installed, compiled) == ("a==2", "two")
