"""What README and docs have people type is a command line, also where nobody can run it here.

kubectl itself reads flags and their values (`--help` behind them prints, and asks no cluster), our
own programs by their own parsers, and what a path or a target of make names is there. What a
sentence names may be a part of a command; what is in a block is whole.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.__main__ import _parser as demo_parser
from lab.connection import KUBECTL
from ram_operator.cli import arguments
from tests.support import documented
from tests.support.documented import ROOT, Command

MAKEFILE = (ROOT / "Makefile").read_text()


def parts(text: str) -> Iterator[list[str]]:
    """The words of each program that a line starts."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for token in lexer:
        if re.fullmatch(r"[();|&<>]+", token) or token in ("do", "done", "in"):
            yield words
            words = []
        else:
            words.append(token)
    yield words


def wrong(text: str, *, whole: bool = True) -> str:
    """What is wrong with the command; nothing if nothing is."""
    said = [_wrong(words, whole) for words in parts(text) if words and "…" not in " ".join(words)]
    return "; ".join(each for each in said if each)


def _wrong(words: list[str], whole: bool) -> str:
    # Elsewhere deploy/ram-operator is a Deployment.
    names = words[:1] == ["kubectl"] and words[1:2] not in (
        ["apply"],
        ["diff"],
        ["delete"],
        ["patch"],
    )
    found = [word for word in words if re.match(r"(deploy|crds|requirements|demo|docs)/", word)]
    paths = [] if names else found
    if gone := [path for path in paths if not (ROOT / path).exists()]:
        return f"there is no {gone}"
    match words:
        case ["kubectl"]:
            return ""
        case ["kubectl", "ram", *rest]:
            return _of_the_plugin(rest, whole)
        case ["kubectl", *rest]:
            return _of_kubectl(rest, whole)
        case ["make", *rest]:
            return _of_make(rest)
        case [python, "-m", "demo", *rest] if python.startswith("python"):
            return _parsed(lambda: demo_parser().parse_args(rest))
    return ""


def _of_kubectl(words: list[str], whole: bool) -> str:
    if not whole and words[-1].startswith("-") and "=" not in words[-1]:
        # "kubectl apply -f" speaks of the way, not of a file.
        words = words[:-1]
    at = words.index("--") if "--" in words else len(words)
    command = [str(KUBECTL), *words[:at], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{shlex.join(words)}: {done.stderr.strip()}"


def _of_the_plugin(words: list[str], whole: bool) -> str:
    if whole:
        return _parsed(lambda: arguments.parse("kubectl ram", words))
    if words and words[0] not in arguments.COMMANDS:
        return f"kubectl ram has no command {words[0]}"
    text = (ROOT / "docs" / "reference" / "kubectl-ram.md").read_text()
    flags = [word.partition("=")[0] for word in words if word.startswith("--")]
    return "".join(f"no flag {flag}" for flag in flags if flag not in text)


def _parsed(parse: object) -> str:
    assert callable(parse)
    try:
        parse()
    except SystemExit as ended:
        return "" if not ended.code else "its parser refuses it"
    return ""


def _of_make(words: list[str]) -> str:
    for word in words:
        name, sign, _ = word.partition("=")
        if sign and f"$({name}" not in MAKEFILE and f"$(or $({name})" not in MAKEFILE:
            return f"the Makefile reads no {name}"
        if not sign and not re.search(rf"^{re.escape(word)}:", MAKEFILE, re.MULTILINE):
            return f"make has no target {word}"
    return ""


def _all_wrong(commands: list[Command], *, whole: bool) -> list[str]:
    """Most of the time is kubectl's own."""
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda command: wrong(command.text, whole=whole), commands)
        pairs = zip(commands, found, strict=True)
        return [f"{command}: {said}" for command, said in pairs if said]


def test_commands_of_blocks_are_commands() -> None:
    unique = {command.text: command for command in documented.commands()}
    assert _all_wrong(list(unique.values()), whole=True) == []


def test_commands_in_sentences_are_commands() -> None:
    # What was is not what is: the changelog may name commands of older versions.
    now = [command for command in documented.inline() if command.page != "CHANGELOG.md"]
    unique = {command.text: command for command in now}
    assert _all_wrong(list(unique.values()), whole=False) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kubectl get ram -A --sort", "unknown flag: --sort"),
        ("kubectl logs x --since=soon", "invalid"),
        ("kubectl ram aprove ramrole/x", "its parser refuses it"),
        ("kubectl ram approve ramrole/x --force", "its parser refuses it"),
        ("kubectl apply -k deploy/kustomise", "there is no"),
        ("make demonstration", "make has no target"),
        ("make demo KEP=1", "the Makefile reads no KEP"),
        ("python -m demo cluod", "its parser refuses it"),
        ("for each in $(kubectl get x --nme); do kubectl get y; done", "unknown flag: --nme"),
        ("kubectl get x | kubectl aply -f -", "aply"),
    ],
)
def test_what_is_no_command_is_noticed(text: str, said: str) -> None:
    assert said in wrong(text)
