"""From JSON text or YAML values to a plain tree, and the one place that knows strict from lenient.

Used by the parsers. Strict is for what we would write: everything odd is refused. Lenient is for
what the cloud holds: everything odd is kept as a token that compares equal to itself only.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import NoReturn

from .canonical import Json, compact, sorted_json
from .document_error import DocumentError

_DEEPEST = 32
_PLAIN = (str, bool, int, float, type(None))
_TOO_DEEP = "it is nested too deeply"


class _Repeated(ValueError):
    """A JSON object with the same key twice."""


def _pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Repeated(next(name for name in names if names.count(name) > 1))
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class Reader:
    """Strict or lenient reading of one document."""

    def __init__(self, *, lenient: bool, trust: bool) -> None:
        self.lenient = lenient
        self.trust = trust

    def doubt(self, path: str, problem: str, remedy: str, element: Json) -> str:
        """Strict: raises DocumentError. Lenient: the token that stands for `element`."""
        if not self.lenient:
            raise DocumentError(path, problem, remedy)
        name = path.rpartition(".")[2].partition("[")[0]
        return f"{name} {sorted_json(element)}"

    def tree(self, document: object) -> tuple[dict[str, Json] | None, str]:
        """The document as a plain object and as JSON text for the cloud.

        None for an object that lenient reading cannot look into; its text then is "" or what the
        cloud sent. Raises DocumentError for what is no JSON object, lenient or not.
        """
        try:
            value = self._load(document) if isinstance(document, str) else document
        except _Repeated as error:
            self.doubt("", f'the key "{error}" is there twice', "keep one of them", None)
            return None, str(document)
        except RecursionError:
            self.doubt("", _TOO_DEEP, "write a RAM document", None)
            return None, str(document)
        if not isinstance(value, dict):
            raise DocumentError(
                "", "it is not a JSON object", 'write {"Version": "1", "Statement": [...]}'
            )
        problem = _oddity(value)
        if problem:
            self.doubt("", problem, "write a RAM document with text in quotes", None)
            return None, str(document) if isinstance(document, str) else ""
        return value, compact(value)

    def _load(self, text: str) -> Json:
        try:
            return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
        except _Repeated:
            raise
        except ValueError as error:
            message = getattr(error, "msg", "bad value")
            raise DocumentError("", f"it is not JSON ({message})", "check the syntax") from None


def tree_of(text: str) -> dict[str, Json]:
    """The object that a document's text stands for. Raises ValueError where nobody can look into
    it: no JSON, the same key twice, brackets without end.
    """
    tree, _ = Reader(lenient=True, trust=False).tree(text)
    if tree is None:
        raise ValueError("nobody can look into it")
    return tree


def _oddity(value: object) -> str:
    """Why a tree is not plain JSON that UTF-8 can carry; "" where it is."""
    stack: list[tuple[object, int]] = [(value, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > _DEEPEST:
            return _TOO_DEEP
        if isinstance(item, dict):
            stack += [(part, depth + 1) for pair in item.items() for part in pair]
            if not all(isinstance(key, str) for key in item):
                return "a key is not text"
        elif isinstance(item, list):
            stack += [(part, depth + 1) for part in item]
        elif isinstance(item, float) and not math.isfinite(item):
            return "a value is no number"
        elif not isinstance(item, _PLAIN):
            return f"a value is {type(item).__name__}, which JSON does not have"
        elif isinstance(item, str) and any("\ud800" <= symbol <= "\udfff" for symbol in item):
            return "a text has half of a character"
    return ""


def fingerprint(document: object) -> str:
    """Stands for a document that cannot be looked into, however deep or odd it is."""
    sums = hashlib.sha256()
    stack = [document]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            sums.update(f"{{{len(item)}".encode())
            for key in sorted(item, key=repr):
                stack += [item[key], key]
        elif isinstance(item, (list, tuple)):
            sums.update(f"[{len(item)}".encode())
            stack += item
        else:
            text = repr(item).encode("utf-8", "surrogatepass")
            sums.update(f"={len(text)}".encode() + text)
    return "document " + sums.hexdigest()
