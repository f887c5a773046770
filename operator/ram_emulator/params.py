"""Parameter specifications as data, and the one function that checks a call against them.

Each family module lists `Param` rows per action; `registry` runs `read_params`. The codes are those
of the published error tables. Must not know state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .errors import ApiError, invalid
from .json_text import parse

ParamType: TypeAlias = Literal["text", "int", "bool", "names", "tags"]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an action.

    type: text, int, bool, names (a list of texts) or tags (a list of Key and Value).
    low, high: length of a text, value of an int, or count of a list.
    code: the last part of the code for a wrong pattern or choice (`InvalidChars`, `Format`, empty).
    missing: the code if it is required and not there.
    """

    name: str
    type: ParamType = "text"
    required: bool = False
    pattern: re.Pattern[str] | None = None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    code: str = "InvalidChars"
    missing: str = "MissingParameter"


Values: TypeAlias = Mapping[str, Any]

_FLAT = re.compile(r"([A-Za-z]+)\.([0-9]+)(?:\.([A-Za-z]+))?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_MOST_INDEX_DIGITS = 6


def read_params(specs: Sequence[Param], given: Mapping[str, str]) -> dict[str, Any]:
    """The typed values of a call; absent optional parameters are left out.

    Accepts both JSON lists (`Tag=[{...}]`) and the older flattened ones (`Tag.1.Key=`).
    Raises ApiError with the service's code for the first parameter that is wrong.
    """
    flat = _unflatten(given)
    values: dict[str, Any] = {}
    for spec in specs:
        raw = given.get(spec.name)
        if raw is None and spec.name in flat:
            values[spec.name] = _check_list(spec, flat[spec.name])
        elif raw is not None:
            values[spec.name] = _convert(spec, raw)
        elif spec.required:
            raise ApiError(spec.missing, f"Parameter {spec.name} is required.")
    return values


def _unflatten(given: Mapping[str, str]) -> dict[str, list[Any]]:
    found: dict[str, dict[int, Any]] = {}
    for name, value in given.items():
        match = _FLAT.fullmatch(name) if "." in name else None
        if match is None:
            continue
        if len(match[2]) > _MOST_INDEX_DIGITS:
            raise invalid(match[1], "", f"{match[1]} has an entry with too high a number.")
        rows, index = found.setdefault(match[1], {}), int(match[2])
        if match[3] is None and index not in rows:
            rows[index] = value
        elif match[3] is not None and isinstance(rows.setdefault(index, {}), dict):
            rows[index][match[3]] = value
        else:
            raise invalid(match[1], "", f"Entry {index} of {match[1]} has a value and parts.")
    return {name: [rows[i] for i in sorted(rows)] for name, rows in found.items()}


def _convert(spec: Param, raw: str) -> Any:
    if spec.type == "text":
        return _check_text(spec, raw)
    if spec.type == "int":
        return _check_int(spec, raw)
    if spec.type == "bool":
        if raw.lower() not in ("true", "false"):
            raise invalid(spec.name, "", f"{spec.name} must be true or false.")
        return raw.lower() == "true"
    try:
        rows = parse(raw)
    except ValueError:
        rows = None
    if not isinstance(rows, list):
        raise invalid(spec.name, "", f"{spec.name} must be a list.")
    return _check_list(spec, rows)


def _check_text(spec: Param, raw: str) -> str:
    low, high = spec.low or 0, spec.high
    if len(raw) < low or (high is not None and len(raw) > high):
        raise invalid(
            spec.name, "Length", f"The parameter {spec.name} is beyond the length limit {high}."
        )
    if spec.pattern is not None and not spec.pattern.fullmatch(raw):
        raise invalid(
            spec.name, spec.code, f"The parameter {spec.name} contains invalid characters."
        )
    if spec.choices and raw not in spec.choices:
        words = ", ".join(spec.choices)
        raise invalid(spec.name, spec.code, f"{spec.name} must be one of: {words}.")
    return raw


def _check_int(spec: Param, raw: str) -> int:
    if not _WHOLE.fullmatch(raw):
        raise invalid(spec.name, spec.code, f"{spec.name} must be a whole number.")
    value = int(raw)
    if (spec.low is not None and value < spec.low) or (spec.high is not None and value > spec.high):
        raise invalid(
            spec.name, spec.code, f"{spec.name} must be between {spec.low} and {spec.high}."
        )
    return value


def _check_list(spec: Param, rows: list[Any]) -> list[Any]:
    low = spec.low or 0
    if len(rows) < low or (spec.high is not None and len(rows) > spec.high):
        raise invalid(spec.name, "Count", f"{spec.name} takes {low} to {spec.high} entries.")
    if spec.type == "names":
        if not all(isinstance(row, str) for row in rows):
            raise invalid(spec.name, "", f"{spec.name} must be a list of texts.")
        return rows
    return [_check_tag(spec, row) for row in rows]


def _check_tag(spec: Param, row: Any) -> tuple[str, str]:
    key = row.get("Key") if isinstance(row, dict) else None
    value = row.get("Value", "") if isinstance(row, dict) else None
    if not isinstance(key, str) or not isinstance(value, str):
        raise invalid(spec.name, "", f"{spec.name} rows have a Key and a Value.")
    if not 1 <= len(key) <= 128:
        raise invalid("TagKey", "Length", "A tag key has 1 to 128 characters.")
    if len(value) > 256:
        raise invalid("TagValue", "Length", "A tag value has at most 256 characters.")
    lowered = key.lower()
    if lowered.startswith(("aliyun", "acs:")) or "http://" in lowered or "https://" in lowered:
        raise invalid("TagKey", "InvalidChars", f"The tag key {key} is reserved.")
    return key, value
