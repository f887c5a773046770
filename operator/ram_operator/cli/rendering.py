"""What waits, as tables, texts, JSON and YAML. Pure: `now` and colours are passed in.

The order of a text is that of the questions of whoever approves: who gains, who loses, which rules
it breaks, and only then how it is spelled.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from .. import legible, times
from ..constants import Reason, Severity
from ..model.vocabulary import HeldVerdict
from .screen import Paint, plain, table
from .waiting import DOCUMENT_VERSION, State, Waiting

CONTEXT: Final = 5
NOBODY: Final = "(unknown)"
_SEVERITY: Final[Mapping[str, tuple[str, ...]]] = {
    Severity.CRITICAL: ("red", "bold"),
    Severity.WARNING: ("yellow",),
}
_VERDICTS: Final[Mapping[str, str]] = {
    HeldVerdict.NARROWER: "takes rights away",
    HeldVerdict.WIDER: "gives rights",
    HeldVerdict.MIXED: "gives rights to some and takes them from others",
    HeldVerdict.UNKNOWN: "it cannot be told what it gives or takes",
    HeldVerdict.NEW: "makes something new",
}


def listing(waiting: Sequence[Waiting], now: float, *, namespaces: bool, wide: bool = False) -> str:
    """The table of `pending`; with a column of namespaces where there may be several."""
    titles = ["OBJECT", "CHANGE", "VERDICT", "WAITING", "EXPIRES", "ASKED BY", "STATE"]
    rows = [_row(each, now) for each in waiting]
    if wide:
        titles += ["DIGEST", "SUMMARY"]
        rows = [
            [*row, plain(each.pending.digest) or "-", plain(each.pending.summary)]
            for row, each in zip(rows, waiting, strict=True)
        ]
    if namespaces:
        titles = ["NAMESPACE", *titles]
        rows = [[each.target.namespace, *row] for row, each in zip(rows, waiting, strict=True)]
    return table(titles, rows)


def _row(each: Waiting, now: float) -> list[str]:
    pending = each.pending
    since = times.seconds_or_none(pending.since)
    expires = times.seconds_or_none(pending.expires)
    return [
        each.target.short,
        plain(pending.kind) or "-",
        plain(pending.verdict) or "-",
        times.span(now - since) if since is not None else "-",
        _left(expires, now) if expires is not None else "-",
        ", ".join(map(plain, each.asked_by)) or NOBODY,
        each.state,
    ]


def _left(expires: float, now: float) -> str:
    return f"in {_ahead(expires - now)}" if expires > now else "expired"


def _ahead(seconds: float) -> str:
    """A time to come, to the nearest hour where there are days: a fresh offer has seven."""
    return times.span(seconds + 1800 if seconds > times.DAY else seconds)


def text(each: Waiting, now: float, paint: Paint) -> str:
    """The whole change for a person who has to answer."""
    return "".join(f"{line}\n" for line in _lines(each, now, paint))


def _lines(each: Waiting, now: float, paint: Paint) -> Iterator[str]:
    yield from _head(each, now, paint)
    pending = each.pending
    yield ""
    yield from _against(each, paint)
    yield paint("Would gain", "bold")
    yield from [f"  {paint('+ ' + plain(line), 'green')}" for line in pending.gains] or ["  nobody"]
    yield paint("Would lose", "bold")
    yield from [f"  {paint('- ' + plain(line), 'red')}" for line in pending.losses] or ["  nobody"]
    yield paint("Rules", "bold")
    for finding in pending.findings:
        head = f"{plain(finding.id)} {plain(finding.severity)}"
        yield f"  {paint(head, *_SEVERITY.get(finding.severity, ()))}  {plain(finding.text)}"
        if finding.remedy:
            yield f"      remedy: {plain(finding.remedy)}"
    if not pending.findings:
        yield "  none is broken"
    yield ""
    yield from difference(pending.before, pending.after, paint)


def _against(each: Waiting, paint: Paint) -> Iterator[str]:
    """Who said no comes before all else: an approval is given in the knowledge of it."""
    told = [(r.by or NOBODY, r.at, r.reason) for r in each.pending.rejections]
    if each.refused or (each.state is State.REJECTED and not told):
        told.insert(0, (NOBODY, "", each.rejection))
    if not told:
        return
    yield paint("Rejected", "bold", "red")
    for by, at, reason in told:
        when = f" at {plain(at)}" if at else ""
        yield f"  {plain(by)}{when}: {legible.line(reason) or 'no reason was given'}"
    yield ""


def _head(each: Waiting, now: float, paint: Paint) -> Iterator[str]:
    pending = each.pending
    meaning = _VERDICTS.get(pending.verdict, "")
    verdict = f"{plain(pending.verdict)} ({meaning})" if meaning else plain(pending.verdict)
    rows = [
        ("object", f"{each.target.short} in namespace {each.target.namespace}"),
        ("cloud", f"{plain(each.cloud_name) or 'not there yet'} in account {plain(each.account)}"),
        ("change", f"{plain(pending.kind)}: {plain(pending.summary)}"),
        ("verdict", verdict),
        ("asked by", ", ".join(map(plain, each.asked_by)) or NOBODY),
        ("waiting", _since(pending.since, now)),
        ("expires", _expiry(pending.expires, now)),
        ("voided", _voided(each)),
        ("digest", plain(pending.digest) or "none yet: the operator has not offered the change"),
        ("note", "" if each.current else "the manifest was edited and is not looked at yet"),
    ]
    for name, value in rows:
        if value:
            yield f"{paint(f'{name:<9}', 'bold')} {value}"


def _voided(each: Waiting) -> str:
    """Why an approval on the object opens nothing."""
    other = bool(each.approve) and each.approve != each.pending.digest
    if other or each.pending.voided == Reason.APPROVAL_STALE:
        return (
            f"the approval on the object is for another change ({Reason.APPROVAL_STALE}): what"
            " waits now has the digest below, and nobody has approved it"
        )
    if not each.pending.voided:
        return ""
    return f"an approval does not count: {plain(each.pending.voided)}"


def _since(text: str, now: float) -> str:
    since = times.seconds_or_none(text)
    return f"{times.span(now - since)}, since {plain(text)}" if since is not None else ""


def _expiry(text: str, now: float) -> str:
    expires, shown = times.seconds_or_none(text), plain(text)
    if expires is None:
        return ""
    if expires <= now:
        ago = times.span(now - expires)
        return f"expired {ago} ago, at {shown}: a new offer with a new digest follows"
    return f"in {_ahead(expires - now)}, at {shown}"


def difference(before: str, after: str, paint: Paint) -> Iterator[str]:
    """A unified diff of the two states, spelled as YAML, since long JSON lines hide what moved."""
    if not before and not after:
        yield "The change is too long to be shown: compare the manifest with what is in the cloud."
        return
    lines = difflib.unified_diff(
        _spelled(before), _spelled(after), "as it is", "as asked", n=CONTEXT, lineterm=""
    )
    shown = [_painted(line, paint) for line in lines]
    yield from shown or ["What is spelled is the same in both states; read above what is not."]


def _painted(line: str, paint: Paint) -> str:
    if line.startswith(("--- ", "+++ ")):
        return paint(line, "bold")
    return paint(line, *{"+": ("green",), "-": ("red",), "@": ("cyan",)}.get(line[:1], ()))


def _spelled(state: str) -> list[str]:
    """Lines of a state. What is no JSON, or says a key twice, is shown letter by letter."""
    if not state:
        return []
    try:
        value = json.loads(state, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return [plain(line) for line in state.splitlines()]
    # Without allow_unicode the dumper spells out what is beyond ASCII, as `plain` does.
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=4096).splitlines()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def documents(waiting: Iterable[Waiting]) -> dict[str, Any]:
    """The list of -o json and -o yaml."""
    return {
        "apiVersion": DOCUMENT_VERSION,
        "kind": "PendingChangeList",
        "items": [each.document() for each in waiting],
    }


def machine(document: dict[str, Any], form: str) -> str:
    """A document as json or yaml."""
    if form == "json":
        return json.dumps(document, indent=2) + "\n"
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=False)


def names(waiting: Iterable[Waiting]) -> str:
    """One line for each object, as `kubectl -o name` writes them."""
    return "".join(f"{each.target.full}\n" for each in waiting)
