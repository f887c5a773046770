"""Runs Lua as Argo CD does: Lua 5.1 with base, table, package and a safe part of os, no string.

Written from what Argo CD documents about its scripts; shares nothing with it.
"""

from __future__ import annotations

from typing import Any, Final

from lupa.lua51 import LuaRuntime, lua_type

_SANDBOX: Final = """
debug.setmetatable("", nil)
local safe = { time = os.time, date = os.date }
for _, name in ipairs({ "string", "io", "math", "coroutine", "debug", "jit", "python" }) do
  _G[name] = nil
  package.loaded[name] = nil
end
_G.os = safe
package.loaded.os = safe
package.path, package.cpath = "", ""
"""


class ScriptFailed(Exception):
    """The script ended in an error; the message is what Argo CD would show."""


def run(script: str, obj: dict[str, Any], parameters: dict[str, str] | None = None) -> Any:
    """What the script returns for an object, `parameters` being those of an action."""
    runtime = LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    runtime.execute(_SANDBOX)
    scope = runtime.globals()
    scope["obj"] = _table(runtime, obj)
    if parameters is not None:
        scope["actionParams"] = _table(runtime, parameters)
    try:
        result = runtime.execute(script)
    except Exception as error:
        raise ScriptFailed(str(error)) from error
    return _value(result)


def cleaned(returned: Any, live: Any) -> Any:
    """An empty Lua table is no list and no object: what was an empty object stays one."""
    if isinstance(returned, dict) and isinstance(live, dict):
        return {key: cleaned(value, live.get(key)) for key, value in returned.items()}
    if isinstance(returned, list) and isinstance(live, list):
        pairs = zip(returned, live, strict=False)
        return [cleaned(mine, theirs) for mine, theirs in pairs] + returned[len(live) :]
    return live if returned == [] and live == {} else returned


def merge_patch(live: Any, wanted: Any) -> Any:
    """The JSON merge patch that Argo CD sends after an action."""
    patch = {key: None for key in live if key not in wanted}
    for key, value in wanted.items():
        if isinstance(value, dict) and isinstance(live.get(key), dict):
            inner = merge_patch(live[key], value)
            if inner:
                patch[key] = inner
        elif key not in live or live[key] != value:
            patch[key] = value
    return patch


def _table(runtime: LuaRuntime, value: Any) -> Any:
    if isinstance(value, dict):
        return runtime.table_from(
            {key: _table(runtime, item) for key, item in value.items() if item is not None}
        )
    if isinstance(value, list):
        return runtime.table_from([_table(runtime, item) for item in value])
    return value


def _value(value: Any) -> Any:
    if lua_type(value) != "table":
        return value
    items = list(value.items())
    keys = [key for key, _ in items]
    if keys == list(range(1, len(keys) + 1)):
        return [_value(item) for _, item in items]
    return {str(key): _value(item) for key, item in items}
