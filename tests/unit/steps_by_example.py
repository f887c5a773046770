"""Steps for tests that are not about how a plan makes them."""

from __future__ import annotations

from typing import Any

from ram_operator.model.objects import Entry
from ram_operator.model.steps import Create, Detach, NewIdentity, Step, WriteAttributes
from ram_operator.model.vocabulary import Cause, Direction

CREATE = Create(summary="create role app", new=NewIdentity("app", {}))


def of_entries(kind: Any, field: str, *keys: str, **more: Any) -> Any:
    """A step of that class for entries that are named as their keys."""
    common = {"summary": str(kind.verb), "cause": Cause.INTENT, "direction": Direction.NEUTRAL}
    return kind(field=field, **{**common, "entries": {k: Entry(k) for k in keys}, **more})


def of_attributes(*names: str, **more: Any) -> WriteAttributes:
    """A step that writes these attributes, all as "x"."""
    common = {"summary": "write", "cause": Cause.INTENT, "direction": Direction.NEUTRAL}
    return WriteAttributes(
        names=names, **{**common, "attributes": dict.fromkeys(names, "x"), **more}
    )


def of_difference(place: str, **more: Any) -> Step:
    """A step that settles exactly the difference that `status.drift` names so."""
    name, _, key = place.rstrip("]").partition("[")
    return of_entries(Detach, name, key, **more) if key else of_attributes(name, **more)
