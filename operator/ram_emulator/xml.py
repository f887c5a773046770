"""Replies as XML, for clients of the older form that ask for `Format=XML`.

The same fields as the JSON: an object is an element with its fields inside, a list is its element
once per entry. Called by the gateway; knows no action.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

CONTENT_TYPE = "text/xml;charset=utf-8"
"""Exactly so: SDKs compare it as a text."""

# What XML 1.0 cannot express, not even escaped.
_NO_CHARACTER = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def as_xml(root: str, body: Mapping[str, Any]) -> str:
    """A whole document with the fields of a reply; `root` is the name of its element."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(root, body)}'


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, row) for row in value)
    return f"<{name}>{_content(value)}</{name}>"


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_element(key, part) for key, part in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_NO_CHARACTER.sub("\ufffd", str(value)))
