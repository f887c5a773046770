"""Requests signed by hand, for what the SDK never sends. Shares no code with the emulator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.emulator.conftest import Credentials


@dataclass(frozen=True)
class Answer:
    """A reply as it came over the wire."""

    status: int
    content_type: str
    body: dict[str, Any]
    headers: dict[str, str]
    text: str = ""

    @property
    def code(self) -> str:
        return str(self.body.get("Code", ""))


def now_text(shift: float = 0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + shift))


def send(port: int, method: str, target: str, sent: dict[str, str], body: bytes = b"") -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, target, body or None, sent)
        reply = connection.getresponse()
        text = reply.read()
        kind = reply.getheader("Content-Type", "")
        found = json.loads(text) if kind.startswith("application/json") else {}
        headers = {name.lower(): value for name, value in reply.getheaders()}
        return Answer(reply.status, kind, found, headers, text.decode("utf-8", "replace"))
    finally:
        connection.close()


@dataclass
class Acs3:
    """A request in the header form; every part of it can be bent before it is sent."""

    port: int
    who: Credentials
    action: str = "GetRole"
    parameters: dict[str, str] = field(default_factory=lambda: {"RoleName": "none"})
    version: str = "2015-05-01"
    body: bytes = b""
    content_type: str = ""
    date: str = field(default_factory=now_text)
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    unsigned: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    after_signing: dict[str, str] = field(default_factory=dict)

    def send(self, path: str = "/", method: str = "POST") -> Answer:
        target, headers = self.request(path, method)
        return send(self.port, method, target, headers, self.body)

    def request(self, path: str = "/", method: str = "POST") -> tuple[str, dict[str, str]]:
        """The target and the headers, signed."""
        headers = {
            "host": f"127.0.0.1:{self.port}",
            "x-acs-action": self.action,
            "x-acs-version": self.version,
            "x-acs-date": self.date,
            "x-acs-signature-nonce": self.nonce,
            "x-acs-content-sha256": hashlib.sha256(self.body).hexdigest(),
            **self.extra,
        }
        if self.who.token is not None:
            headers["x-acs-security-token"] = self.who.token
        for name in self.without:
            del headers[name]
        names = sorted(set(headers) - set(self.unsigned))
        query = "&".join(
            f"{_quote(name)}={_quote(value)}" for name, value in sorted(self.parameters.items())
        )
        lines = "".join(f"{name}:{headers[name]}\n" for name in names)
        signed = ";".join(names)
        digest = hashlib.sha256(self.body).hexdigest()
        request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{digest}"
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.new(self.who.secret.encode(), text.encode(), "sha256").hexdigest()
        headers["Authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={self.who.key_id},"
            f"SignedHeaders={signed},Signature={signature}"
        )
        if self.content_type:
            headers["content-type"] = self.content_type
        headers |= self.after_signing
        return f"{path}?{query}", headers


def _quote(text: str) -> str:
    return urllib.parse.quote(text, safe="~", errors="surrogatepass")


def v1(
    port: int,
    who: Credentials,
    parameters: dict[str, str],
    *,
    method: str = "GET",
    bend: dict[str, str | None] | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """A request in the older parameter form; POST puts all parameters in the form."""
    given: dict[str, str] = {
        "Format": "JSON",
        "Version": "2015-05-01",
        "AccessKeyId": who.key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": now_text(),
        **({"SecurityToken": who.token} if who.token else {}),
        **parameters,
    }
    for name, value in (bend or {}).items():
        given.pop(name, None)
        if value is not None:
            given[name] = value

    query = "&".join(f"{_quote(k)}={_quote(v)}" for k, v in sorted(given.items()))
    text = f"{method}&{_quote('/')}&{_quote(query)}"
    digest = hmac.new(f"{who.secret}&".encode(), text.encode(), "sha1").digest()
    given.setdefault("Signature", base64.b64encode(digest).decode())
    form = urllib.parse.urlencode(given)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    if method == "POST":
        return send(port, "POST", "/", {**kind, **(headers or {})}, form.encode())
    return send(port, "GET", f"/?{form}", headers or {})
