"""The admin port: JSON over HTTP for tests and the demo, unsigned, loopback only.

Routes and shapes are described in docs/reference/emulator.md. Refused requests are answered with
`{"error": sentence}` and 400 or 404.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from . import persist, seeding, truth
from .behaviours import apply_settings
from .faults import Faults
from .gateway import Gateway
from .journal import Journal
from .state import Account, Universe

Reply = dict[str, Any]


class AdminApi:
    """The handlers of the admin port; holds the universe that is current."""

    def __init__(
        self, universe: Universe, gateway: Gateway, journal: Journal, faults: Faults
    ) -> None:
        self.universe = universe
        self._gateway = gateway
        self._journal = journal
        self._faults = faults

    def application(self) -> web.Application:
        """The aiohttp application with all routes."""
        app = web.Application(middlewares=[_errors_as_json], client_max_size=256 * 1024 * 1024)
        routes: dict[str, dict[str, Callable[[web.Request], Awaitable[Reply]]]] = {
            "/healthz": {"GET": self._health},
            "/accounts": {"GET": self._list_accounts, "POST": self._create_account},
            "/accounts/{account}/users": {"POST": self._create_user},
            "/accounts/{account}/users/{user}": {"PATCH": self._patch_user},
            "/accounts/{account}/groups": {"POST": self._create_group},
            "/accounts/{account}/resource-groups": {"POST": self._create_resource_group},
            "/accounts/{account}/providers": {"POST": self._create_provider},
            "/accounts/{account}/providers/{kind}/{name}": {"DELETE": self._delete_provider},
            "/accounts/{account}/service-linked-roles": {"POST": self._create_linked_role},
            "/accounts/{account}/keys/{key}": {"PATCH": self._patch_key},
            "/accounts/{account}/behaviours": {
                "GET": self._get_behaviours,
                "PUT": self._put_behaviours,
            },
            "/accounts/{account}/state": {"GET": self._account_state},
            "/state": {"GET": self._save, "PUT": self._load},
            "/journal": {"GET": self._get_journal, "DELETE": self._clear_journal},
            "/faults": {
                "GET": self._get_faults,
                "POST": self._add_fault,
                "DELETE": self._clear_faults,
            },
            "/faults/{fault}": {"DELETE": self._remove_fault},
            "/clock": {"GET": self._get_clock, "POST": self._move_clock},
        }
        for path, methods in routes.items():
            for method, handler in methods.items():
                app.router.add_route(method, path, _as_json(handler))
        return app

    def _account(self, request: web.Request) -> Account:
        return self.universe.accounts[request.match_info["account"]]

    async def _health(self, _request: web.Request) -> Reply:
        return {"status": "ok", "accounts": len(self.universe.accounts)}

    async def _list_accounts(self, _request: web.Request) -> Reply:
        rows = self.universe.accounts.values()
        return {"accounts": [{"accountId": a.account_id, "alias": a.alias} for a in rows]}

    async def _create_account(self, request: web.Request) -> Reply:
        return seeding.create_account(self.universe, await _object(request))

    async def _create_user(self, request: web.Request) -> Reply:
        row = await _object(request)
        return seeding.create_user(self.universe, self._account(request), row)

    async def _patch_user(self, request: web.Request) -> Reply:
        account, row = self._account(request), await _object(request)
        return seeding.change_user(self.universe, account, request.match_info["user"], row)

    async def _create_group(self, request: web.Request) -> Reply:
        row = await _object(request)
        return seeding.create_group(self.universe, self._account(request), row)

    async def _create_resource_group(self, request: web.Request) -> Reply:
        account, row = self._account(request), await _object(request)
        return seeding.create_resource_group(self.universe, account, row)

    async def _create_provider(self, request: web.Request) -> Reply:
        row = await _object(request)
        return seeding.create_provider(self.universe, self._account(request), row)

    async def _delete_provider(self, request: web.Request) -> Reply:
        account, kind = self._account(request), request.match_info["kind"]
        return seeding.delete_provider(self.universe, account, kind, request.match_info["name"])

    async def _create_linked_role(self, request: web.Request) -> Reply:
        row = await _object(request)
        return seeding.create_service_linked_role(self.universe, self._account(request), row)

    async def _patch_key(self, request: web.Request) -> Reply:
        self._account(request)
        row = await _object(request)
        return seeding.set_key_status(self.universe, request.match_info["key"], row)

    async def _get_behaviours(self, request: web.Request) -> Reply:
        return dict(self._account(request).behaviours)

    async def _put_behaviours(self, request: web.Request) -> Reply:
        account = self._account(request)
        change = json.loads(await request.text())
        if not isinstance(change, (str, dict)):
            raise ValueError("a preset's name or an object is needed")
        account.behaviours = apply_settings(account.behaviours, change)
        self.universe.touch()
        return dict(account.behaviours)

    async def _account_state(self, request: web.Request) -> Reply:
        return truth.true_state(self._account(request))

    async def _save(self, _request: web.Request) -> Reply:
        return persist.dump(self.universe)

    async def _load(self, request: web.Request) -> Reply:
        self.universe = persist.restore(await _object(request))
        self._gateway.replace_universe(self.universe)
        return {"accounts": len(self.universe.accounts)}

    async def _get_journal(self, request: web.Request) -> Reply:
        entries = self._journal.entries(
            account=request.query.get("account"),
            since=int(request.query.get("since", "0")),
            writes=request.query.get("writes") == "true",
        )
        return {"entries": entries}

    async def _clear_journal(self, _request: web.Request) -> Reply:
        self._journal.clear()
        return {}

    async def _get_faults(self, _request: web.Request) -> Reply:
        return {"faults": self._faults.listed()}

    async def _add_fault(self, request: web.Request) -> Reply:
        return {"id": self._faults.add(await _object(request)).identifier}

    async def _clear_faults(self, _request: web.Request) -> Reply:
        return {"faults": self._faults.clear()}

    async def _remove_fault(self, request: web.Request) -> Reply:
        return self._faults.remove(request.match_info["fault"])

    async def _get_clock(self, _request: web.Request) -> Reply:
        clock = self.universe.clock
        return {"now": clock.now(), "offsetSeconds": clock.offset}

    async def _move_clock(self, request: web.Request) -> Reply:
        row = await _object(request)
        clock = self.universe.clock
        if "offsetSeconds" in row:
            clock.offset = float(row["offsetSeconds"])
        clock.offset += float(row.get("advanceSeconds", 0))
        return await self._get_clock(request)


def _as_json(
    handler: Callable[[web.Request], Awaitable[Reply]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(await handler(request))

    return answer


async def _object(request: web.Request) -> dict[str, Any]:
    text = await request.text()
    row = json.loads(text) if text else {}
    if not isinstance(row, dict):
        raise ValueError("a JSON object is needed")
    return row


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except KeyError as error:
        return web.json_response({"error": f"missing or unknown: {error.args[0]}"}, status=404)
    except (ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)
    except web.HTTPException as error:
        return web.json_response({"error": error.reason}, status=error.status)
