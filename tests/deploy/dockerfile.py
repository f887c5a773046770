"""Reads the Dockerfile and replays its steps in a directory, where there is no container engine.

Each stage is a directory that stands for its root. The base image is stood in for by a new virtual
environment of the Python that runs the tests, so what is replayed is everything but the base image.
Absolute paths of a step are put below the stage's directory. Knows the instructions that the
Dockerfile uses and refuses others.

Installing and compiling takes half a minute of processor time and comes to the same until a lock
file changes: a stage that has been given nothing else yet is kept (layers.py) and taken again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.deploy.layers import Layers, link_tree

# Where the steps write to; what else is absolute in a step is read from this machine.
_OURS = re.compile(r"(?<![\w./-])/(?=(?:build|opt|usr/local)\b)")
_BASE = "base-image"
_LOCKED = "requirements/"
"""What comes from here is the same wherever it is installed: the lock files have hashes."""
# What a build inherits of this machine: how to reach package indexes, and nothing that changes what
# is installed.
_NETWORK = re.compile(r"(?i)(?:\w*_proxy|SSL_CERT_\w+|PIP_(?:CERT|INDEX_URL|TRUSTED_HOST)|UV_\w+)")


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continuation lines joined."""

    name: str
    text: str


@dataclass
class Stage:
    """FROM and what follows; `base` is the name of an earlier stage or an image."""

    name: str
    base: str
    steps: list[Instruction] = field(default_factory=list)

    def of(self, name: str) -> list[str]:
        """The texts of all instructions of that name."""
        return [step.text for step in self.steps if step.name == name]


def stages(text: str) -> list[Stage]:
    """The stages of a Dockerfile in order."""
    found: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.name == "FROM":
            words = instruction.text.split()
            name = words[2] if len(words) == 3 else ""
            found.append(Stage(name, words[0]))
        else:
            found[-1].steps.append(instruction)
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield Instruction(name.upper(), re.sub(r"\s+", " ", rest))


def ignored(patterns: str, path: PurePosixPath) -> bool:
    """Whether .dockerignore keeps a file out: the last pattern that matches it or a parent wins."""
    result = False
    for line in patterns.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        negated, pattern = pattern.startswith("!"), pattern.removeprefix("!").strip("/")
        places = [path, *list(path.parents)[:-1]]
        if any(_glob(pattern).fullmatch(str(place)) for place in places):
            result = not negated
    return result


def _glob(pattern: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(parts.get(piece, re.escape(piece)) for piece in pieces))


def send_context(source: Path, target: Path) -> None:
    """Copies what a build would be given: everything that .dockerignore does not keep out."""
    patterns = (source / ".dockerignore").read_text()
    for directory, folders, files in os.walk(source):
        here = PurePosixPath(Path(directory).relative_to(source).as_posix())
        # Nothing below these is ever wanted, and they are large.
        folders[:] = [name for name in folders if name not in (".git", ".venv", ".tools")]
        for name in files:
            if not ignored(patterns, here / name):
                place = target / here / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / here / name, place)


class Replay:
    """The stages of one Dockerfile, each in a directory below `home`."""

    def __init__(self, home: Path, context: Path, layers: Layers) -> None:
        self._home = home
        self._context = context
        self._layers = layers
        self._digests: dict[str, str] = {}
        """Of the stages so far that lock files alone decide, as they ended."""
        self.environment: dict[str, str] = {}

    def run(self, found: list[Stage]) -> Path:
        """The root directory of the last stage. Raises AssertionError with the failing step."""
        root = self._home
        for number, stage in enumerate(found):
            name = stage.name or str(number)
            root = self.root(name)
            self.environment = {}
            done, digest = self._begin(root, stage)
            for step in stage.steps[done:]:
                self._step(root, step)
                digest = digest and self._after(digest, step)
                if digest and step.name == "RUN":
                    self._layers.keep(digest, root)
            if digest:
                self._digests[name] = digest
        return root

    def _begin(self, root: Path, stage: Stage) -> tuple[int, str]:
        """Make the stage as far as it is known. How many steps are done, and the digest after."""
        digest = self._digests.get(stage.base) or digest_of_base(stage.base)
        done = [digest]
        for step in stage.steps:
            if not (digest := self._after(digest, step)):
                break
            done.append(digest)
        for number in range(len(done) - 1, -1, -1):
            if self._layers.take(done[number], root):
                for step in stage.steps[:number]:
                    if step.name == "ENV":
                        self._step(root, step)
                return number, done[number]
        if stage.base in self._digests:
            link_tree(self.root(stage.base), root)
        else:
            subprocess.run([sys.executable, "-m", "venv", root / _BASE], check=True)
            self._layers.keep(done[0], root)
        return 0, done[0]

    def _after(self, digest: str, step: Instruction) -> str:
        """The digest once this step is done; "" when something else than lock files decides."""
        result = hashlib.sha256(f"{digest} {step.name} {step.text}".encode())
        if step.name == "COPY":
            *names, _ = step.text.split()
            if not all(name.startswith(_LOCKED) for name in names):
                return ""
            for name in names:
                result.update((self._context / name).read_bytes())
        return result.hexdigest()

    def root(self, stage: str) -> Path:
        """The directory that stands for a stage's root."""
        return self._home / f"stage-{stage}"

    def path(self, root: Path) -> str:
        """PATH in a stage: what ENV says before the base image's programs."""
        base = f"{root / _BASE / 'bin'}:/usr/bin:/bin"
        return self.environment.get("PATH", "$PATH").replace("$PATH", base)

    def _step(self, root: Path, step: Instruction) -> None:
        match step.name:
            case "RUN":
                self._shell(root, step.text)
            case "COPY":
                self._copy(root, step.text)
            case "ENV":
                for pair in shlex.split(step.text):
                    name, _, value = pair.partition("=")
                    self.environment[name] = _below(root, value)
            case "USER" | "ENTRYPOINT" | "CMD":
                pass
            case _:
                raise AssertionError(f"cannot replay {step.name}")

    def _shell(self, root: Path, text: str) -> None:
        home = self._home / "home"
        home.mkdir(exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if _NETWORK.fullmatch(name)}
        environment = {
            **inherited,
            "UV_NATIVE_TLS": "1",
            **self.environment,
            "PATH": self.path(root),
            "HOME": str(home),
        }
        command = f"umask 022; {_below(root, text)}"
        result = subprocess.run(
            ["/bin/sh", "-euc", command],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"RUN {text}\n{result.stdout}{result.stderr}"

    def _copy(self, root: Path, text: str) -> None:
        *options, _ = words = text.split()
        source = self._context
        if options[0].startswith("--from="):
            source = self.root(words.pop(0).removeprefix("--from="))
        *names, target = words
        for name in names:
            origin, place = source / name.lstrip("/"), Path(_below(root, target))
            if origin.is_dir():
                link_tree(origin, place)
            else:
                place = place / origin.name if target.endswith("/") else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, place)


def digest_of_base(image: str) -> str:
    """Of a stage without any step: what stands in for the image, and how steps are replayed."""
    python = f"{image} {sys.version} {Path(sys.executable).resolve()}"
    return hashlib.sha256(python.encode() + Path(__file__).read_bytes()).hexdigest()


def _below(root: Path, text: str) -> str:
    return _OURS.sub(lambda _: f"{root}/", text)


def words(text: str) -> list[str]:
    """The words of ENTRYPOINT and CMD in their JSON form."""
    found = json.loads(text)
    assert isinstance(found, list)
    return [str(word) for word in found]


def clean(path: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a container: the image's own and nothing of this machine."""
    return {**environment, "PATH": path}
