"""How many documents a second are compared: the pure part of a look, without cloud and cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from ram_operator import documents

Json = dict[str, Any]
Comparing = Callable[[], documents.Comparison]
SAMPLES: Final = Path(__file__).resolve().parents[1] / "deploy" / "samples"
SECONDS: Final = 2.0


def comparisons() -> list[Comparing]:
    """The mix, of the trusts and policies in deploy/samples, each of them parsed once.

    Each document with each of its kind, with itself too, as a look at what is in sync does; and
    with both in one, as an edit that adds a statement does, in both directions.
    """
    return [*_of("RamRole", "trustPolicy"), *_of("RamPolicy", "document")]


def per_second(seconds: float = SECONDS) -> float:
    """Whole rounds of the mix, for so many seconds of this process at least."""
    mix = comparisons()
    started, done = time.process_time(), 0
    while (spent := time.process_time() - started) < seconds:
        for comparing in mix:
            comparing()
        done += len(mix)
    return done / spent


def _of(kind: str, field: str) -> Iterator[Comparing]:
    found = list(_documents(kind, field))
    for one in found:
        for other in found:
            yield _comparing(kind, one, other)
            if one is not other:
                statements = [*one["Statement"], *other["Statement"]]
                both = {"Version": "1", "Statement": statements}
                yield _comparing(kind, one, both)
                yield _comparing(kind, both, one)


def _comparing(kind: str, before: Json, after: Json) -> Comparing:
    if kind == "RamRole":
        trusts = documents.parse_trust(before), documents.parse_trust(after)
        return lambda: documents.compare_trust(*trusts)
    policies = documents.parse_policy(before), documents.parse_policy(after)
    return lambda: documents.compare_policy(*policies)


def _documents(kind: str, field: str) -> Iterator[Json]:
    for path in sorted(SAMPLES.rglob("*.yaml")):
        for item in yaml.safe_load_all(path.read_text()):
            if item and item.get("kind") == kind:
                yield item["spec"][field]
