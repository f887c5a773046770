"""Finds prometheus and promtool, or builds them once from source.

Order: the machine's own if both are of version 3 or newer, the user's cache, a build (see
building.py). Called by the tests of deploy/monitoring, by `make test` and by the demo.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from lab.building import Program, already_built, built, numbers, output

_OLDEST = (3, 0)
# Without it both link the client libraries of every cloud that Prometheus can ask for targets.
_FLAGS = ("-tags", "remove_all_sd", "-ldflags", "-s -w")
_COMMANDS = "github.com/prometheus/prometheus/cmd"
_PROGRAMS = (
    Program("promtool", "prometheus", f"{_COMMANDS}/promtool", _FLAGS, "about two minutes"),
    Program("prometheus", "prometheus", f"{_COMMANDS}/prometheus", _FLAGS, "about a minute"),
)


@dataclass(frozen=True)
class Monitoring:
    """Paths of the two programs."""

    prometheus: Path
    promtool: Path


def find_or_build() -> Monitoring:
    """Both programs, wherever they come from. Building takes about three minutes on two cores.

    Raises BuildFailed.
    """
    return from_machine() or _inside(built(_PROGRAMS))


def at_hand() -> Monitoring | None:
    """Both programs where nothing has to be built for them."""
    directory = already_built(_PROGRAMS)
    return from_machine() or (_inside(directory) if directory is not None else None)


def from_machine() -> Monitoring | None:
    """Those in PATH, unless one is missing or older than what the rules are written for."""
    paths = [shutil.which(program.name) for program in _PROGRAMS]
    for path in paths:
        if path is None or numbers(output(path, "--version")) < _OLDEST:
            return None
    return Monitoring(promtool=Path(str(paths[0])), prometheus=Path(str(paths[1])))


def _inside(directory: Path) -> Monitoring:
    return Monitoring(**{program.name: directory / program.name for program in _PROGRAMS})
