"""The services beside RAM and STS that an account's client talks to, by the SDK.

Each is made at its first call: IMS costs 15 MB and a third of a second, and not every account has
users or identity providers.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Final

from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from .methods import IMS_METHODS

IMS: Final = "IMS."
RESOURCE_MANAGER: Final = "ResourceManager."
ACTION_TRAIL: Final = "ActionTrail."
"""What stands before an action of theirs."""
RESOURCE_MANAGER_VERSION: Final = "2020-03-31"
ACTION_TRAIL_VERSION: Final = "2020-07-06"


class Ims:
    """The client of IMS."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._client: Any = None

    def send(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """Raises the SDK's exceptions."""
        import alibabacloud_ims20190815.models as ims_models
        from alibabacloud_ims20190815.client import Client

        with self._lock:
            if self._client is None:
                self._client = Client(self._config)
        send = getattr(self._client, IMS_METHODS[action] + "_with_options")
        # What asks for nothing in particular has no model of its own.
        model = getattr(ims_models, action + "Request", None)
        asked = () if model is None else (model().from_map(dict(parameters)),)
        return send(*asked, RuntimeOptions())


class Unmodelled:
    """The client of ResourceManager or ActionTrail: the one that is below all of the SDK's, for a
    single action is worth no package of its own.
    """

    def __init__(self, config: Config, version: str) -> None:
        self._config = config
        self._version = version
        self._lock = threading.Lock()
        self._client: OpenApiClient | None = None

    def send(self, action: str, parameters: Mapping[str, Any]) -> Any:
        """Raises the SDK's exceptions."""
        with self._lock:
            if self._client is None:
                self._client = OpenApiClient(self._config)
        what = Params(
            action=action,
            version=self._version,
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        query = {name: str(value) for name, value in parameters.items()}
        return self._client.call_api(what, OpenApiRequest(query=query), RuntimeOptions())
