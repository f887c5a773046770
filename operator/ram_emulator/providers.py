"""Identity providers of IMS 2019-08-15, which trusts for single sign-on name.

Create, Update, Get, List and Delete of SAMLProvider and of OIDCProvider; AddClientIdTo,
RemoveClientIdFrom, AddFingerprintTo and RemoveFingerprintFromOIDCProvider. Nobody is asked about
what is stored: metadata is not parsed beyond its encoding, and issuers are not called.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from .clock import iso
from .common import PAGING, new_description, optional_text, page
from .entities import Provider, ProviderKind, provider_key
from .errors import ApiError, already_exists, invalid, limit_exceeded, not_exist
from .params import Param, read_params
from .principals import WHOLE_ACCOUNT
from .registry import IMS, Action, Body, Call

MOST_PROVIDERS_PER_PAGE = 100

_ENTITY: Mapping[ProviderKind, str] = {"oidc": "OIDCProvider", "saml": "SAMLProvider"}
_QUOTA: Mapping[ProviderKind, str] = {"oidc": "oidcProviders", "saml": "samlProviders"}

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_OIDC_NAME = Param("OIDCProviderName", required=True, pattern=_NAME, low=1, high=128)
_SAML_NAME = Param("SAMLProviderName", required=True, pattern=_NAME, low=1, high=128)
_ISSUER = Param(
    "IssuerUrl",
    required=True,
    pattern=re.compile(r"https://[^\s?@#/]+[^\s?@#]*"),
    low=1,
    high=255,
    code="Format",
)
_DESCRIPTION = Param("Description", high=256)
_NEW_DESCRIPTION = Param("NewDescription", high=256)
_ISSUANCE = Param("IssuanceLimitTime", "int", low=1, high=168, code="")
_ALGORITHM = Param("AuthnSignAlgo", choices=("rsa-sha1", "rsa-sha256"), code="")
_METADATA = Param("EncodedSAMLMetadataDocument", required=True)
_NEW_METADATA = Param("NewEncodedSAMLMetadataDocument")

_OIDC_FIELDS = (
    "OIDCProviderName",
    "Arn",
    "IssuerUrl",
    "ClientIds",
    "Fingerprints",
    "IssuanceLimitTime",
    "Description",
    "CreateDate",
    "UpdateDate",
    "GmtCreate",
    "GmtModified",
)
_SAML_LISTED = ("SAMLProviderName", "Arn", "Description", "CreateDate", "UpdateDate")
_SAML_WRITTEN = (*_SAML_LISTED, "AuthnSignAlgo")
_SAML_READ = (*_SAML_WRITTEN, "EncodedSAMLMetadataDocument")


@dataclass(frozen=True, slots=True)
class _Entries:
    """One of the two lists of an OIDC provider; `entry` is the wire name of a single one."""

    field: str
    entry: str
    quota: str
    pattern: re.Pattern[str]

    def param(self, name: str) -> Param:
        """One entry as a parameter."""
        return Param(name, required=True, pattern=self.pattern, low=1, high=128)

    def of(self, provider: Provider) -> tuple[str, ...]:
        """The entries that a provider has."""
        entries: tuple[str, ...] = getattr(provider, self.field)
        return entries


_CLIENT_IDS = _Entries(
    "client_ids", "ClientId", "clientIdsPerProvider", re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")
)
_FINGERPRINTS = _Entries(
    "fingerprints", "Fingerprint", "fingerprintsPerProvider", re.compile(r"[A-Za-z0-9]+")
)


def provider_arn(account_id: str, provider: Provider) -> str:
    """The ARN of a provider; unlike that of a role it keeps the letter case of the name."""
    return f"acs:ram::{account_id}:{provider.kind}-provider/{provider.name}"


def _find(call: Call, kind: ProviderKind, as_of: float) -> Provider:
    name = call.text(f"{_ENTITY[kind]}Name")
    provider = call.account.providers.seen(provider_key(kind, name), as_of)
    if provider is not None:
        return provider
    if kind == "saml":
        code = call.account.text("saml_provider_missing_code")
        raise ApiError(code, f"The SAML provider does not exist: {name}")
    raise not_exist("OIDCProvider", name)


def _fields(call: Call, provider: Provider, fields: tuple[str, ...]) -> dict[str, Any]:
    everything: dict[str, Any] = {
        f"{_ENTITY[provider.kind]}Name": provider.name,
        "Arn": provider_arn(call.account.account_id, provider),
        "IssuerUrl": provider.issuer,
        **optional_text(call, "ClientIds", ",".join(provider.client_ids)),
        **optional_text(call, "Fingerprints", ",".join(provider.fingerprints)),
        "IssuanceLimitTime": provider.issuance_limit,
        **optional_text(call, "Description", provider.description),
        "CreateDate": iso(provider.created),
        "UpdateDate": iso(provider.updated),
        "GmtCreate": str(int(provider.created * 1000)),
        "GmtModified": str(int(provider.updated * 1000)),
        "AuthnSignAlgo": provider.sign_algo,
        "EncodedSAMLMetadataDocument": provider.metadata,
    }
    return {name: everything[name] for name in fields if name in everything}


def _reply(call: Call, provider: Provider) -> Body:
    """What a write answers with."""
    fields = _SAML_WRITTEN if provider.kind == "saml" else _OIDC_FIELDS
    return {_ENTITY[provider.kind]: _fields(call, provider, fields)}


def _create(call: Call, provider: Provider) -> Body:
    account, entity = call.account, _ENTITY[provider.kind]
    if account.providers.get(provider.key) is not None:
        raise already_exists(entity, provider.name)
    alike = [each for _, each in account.providers.items() if each.kind == provider.kind]
    if provider.kind == "oidc" and any(each.issuer == provider.issuer for each in alike):
        raise already_exists("OIDCProvider.Url", provider.issuer)
    most = account.quotas[_QUOTA[provider.kind]]
    if len(alike) >= most:
        raise limit_exceeded(entity, most)
    account.providers.put(provider.key, provider, call.now)
    return _reply(call, provider)


def _change(call: Call, provider: Provider) -> Body:
    changed = dataclasses.replace(provider, updated=call.now)
    call.account.providers.put(changed.key, changed, call.now)
    return _reply(call, changed)


def _delete(kind: ProviderKind, call: Call) -> Body:
    # Roles that trust it stay, and their trust names nothing any more.
    call.account.providers.delete(_find(call, kind, call.now).key, call.now)
    return {}


def _list(kind: ProviderKind, call: Call) -> Body:
    fields = _SAML_LISTED if kind == "saml" else _OIDC_FIELDS
    rows = [row for row in call.account.providers.items_seen(call.as_of) if row[1].kind == kind]
    chosen, reply = page(call, rows, MOST_PROVIDERS_PER_PAGE)
    shown = [_fields(call, provider, fields) for provider in chosen]
    return {**reply, f"{_ENTITY[kind]}s": {_ENTITY[kind]: shown}}


def _create_saml(call: Call) -> Body:
    provider = Provider(
        "saml",
        call.text("SAMLProviderName"),
        call.now,
        call.now,
        description=call.optional("Description") or "",
        metadata=_metadata(_METADATA.name, call.text(_METADATA.name)),
        sign_algo=call.optional("AuthnSignAlgo") or "rsa-sha1",
    )
    return _create(call, provider)


def _update_saml(call: Call) -> Body:
    document = call.optional(_NEW_METADATA.name)
    if document is None and call.optional("NewDescription") is None:
        both = f"NewDescription or {_NEW_METADATA.name}"
        raise ApiError("MissingParameter", f"{both} is required.")
    provider = _find(call, "saml", call.now)
    if document is not None:
        document = _metadata(_NEW_METADATA.name, document)
    changed = dataclasses.replace(
        provider,
        description=new_description(call, provider.description),
        metadata=provider.metadata if document is None else document,
        sign_algo=call.optional("AuthnSignAlgo") or provider.sign_algo,
    )
    return _change(call, changed)


def _metadata(parameter: str, text: str) -> str:
    """The text, if something is encoded in it; line breaks are common in such texts."""
    try:
        document = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        document = b""
    if not document:
        raise invalid(parameter, "", f"{parameter} is not a document in Base64.")
    return text


def _get_saml(call: Call) -> Body:
    shown = _fields(call, _find(call, "saml", call.as_of), _SAML_READ)
    if call.account.is_on("saml_metadata_in_lines"):
        text, width = shown["EncodedSAMLMetadataDocument"], 40 + int(call.now * 1000) % 41
        lines = [text[at : at + width] for at in range(0, len(text), width)]
        shown["EncodedSAMLMetadataDocument"] = "\n".join(lines)
    return {"SAMLProvider": shown}


def _create_oidc(call: Call) -> Body:
    provider = Provider(
        "oidc",
        call.text("OIDCProviderName"),
        call.now,
        call.now,
        description=call.optional("Description") or "",
        issuer=call.text("IssuerUrl"),
        client_ids=_given(call, _CLIENT_IDS),
        fingerprints=_given(call, _FINGERPRINTS),
        issuance_limit=call.number("IssuanceLimitTime", 12),
    )
    return _create(call, provider)


def _update_oidc(call: Call) -> Body:
    provider = _find(call, "oidc", call.now)
    named = call.optional("ClientIds") is not None
    changed = dataclasses.replace(
        provider,
        description=new_description(call, provider.description),
        client_ids=_given(call, _CLIENT_IDS) if named else provider.client_ids,
        issuance_limit=call.number("IssuanceLimitTime", provider.issuance_limit),
    )
    return _change(call, changed)


def _get_oidc(call: Call) -> Body:
    return {"OIDCProvider": _fields(call, _find(call, "oidc", call.as_of), _OIDC_FIELDS)}


def _given(call: Call, rows: _Entries) -> tuple[str, ...]:
    """The entries of the comma-separated parameter, each once; none if it is absent or empty."""
    name = f"{rows.entry}s"
    text = call.optional(name)
    entries = tuple(dict.fromkeys(text.split(","))) if text else ()
    for entry in entries:
        read_params((rows.param(name),), {name: entry})
    _refuse_too_many(call, rows, entries)
    return entries


def _refuse_too_many(call: Call, rows: _Entries, entries: tuple[str, ...]) -> None:
    most = call.account.quotas[rows.quota]
    if len(entries) > most:
        raise limit_exceeded(f"OIDCProvider.{rows.entry}", most)


def _add(rows: _Entries, call: Call) -> Body:
    provider, entry = _find(call, "oidc", call.now), call.text(rows.entry)
    held = rows.of(provider)
    if entry in held:
        if call.account.text("provider_entry_repeat") == "conflict":
            raise already_exists(f"OIDCProvider.{rows.entry}", entry)
        return _reply(call, provider)
    _refuse_too_many(call, rows, (*held, entry))
    return _change(call, _with(rows, provider, (*held, entry)))


def _remove(rows: _Entries, call: Call) -> Body:
    provider, entry = _find(call, "oidc", call.now), call.text(rows.entry)
    held = rows.of(provider)
    if entry not in held:
        if call.account.text("provider_entry_repeat") == "conflict":
            raise not_exist(f"OIDCProvider.{rows.entry}", entry)
        return _reply(call, provider)
    rest = tuple(each for each in held if each != entry)
    return _change(call, _with(rows, provider, rest))


def _with(rows: _Entries, provider: Provider, entries: tuple[str, ...]) -> Provider:
    changes: dict[str, Any] = {rows.field: entries}
    return dataclasses.replace(provider, **changes)


_ONE_SAML = ("acs:ram:*:{account}:saml-provider/{SAMLProviderName}",)
_ONE_OIDC = ("acs:ram:*:{account}:oidc-provider/{OIDCProviderName}",)


def _entry_actions(rows: _Entries) -> tuple[Action, ...]:
    params = (_OIDC_NAME, rows.param(rows.entry))
    return tuple(
        Action(name, partial(handler, rows), "write", params, _ONE_OIDC, "attachmentsPerSecond")
        for name, handler in (
            (f"Add{rows.entry}ToOIDCProvider", _add),
            (f"Remove{rows.entry}FromOIDCProvider", _remove),
        )
    )


# Creating and listing is published as an action on all resources, the rest as one on the provider.
ACTIONS = tuple(
    dataclasses.replace(action, version=IMS)
    for action in (
        Action(
            "CreateSAMLProvider",
            _create_saml,
            "write",
            (_SAML_NAME, _METADATA, _DESCRIPTION, _ALGORITHM),
            WHOLE_ACCOUNT,
            "writesPerSecond",
        ),
        Action(
            "UpdateSAMLProvider",
            _update_saml,
            "write",
            (_SAML_NAME, _NEW_DESCRIPTION, _NEW_METADATA, _ALGORITHM),
            _ONE_SAML,
            "writesPerSecond",
        ),
        Action("GetSAMLProvider", _get_saml, "read", (_SAML_NAME,), _ONE_SAML),
        Action("ListSAMLProviders", partial(_list, "saml"), "read", PAGING, WHOLE_ACCOUNT),
        Action(
            "DeleteSAMLProvider",
            partial(_delete, "saml"),
            "write",
            (_SAML_NAME,),
            _ONE_SAML,
            "writesPerSecond",
        ),
        Action(
            "CreateOIDCProvider",
            _create_oidc,
            "write",
            (
                _OIDC_NAME,
                _ISSUER,
                Param("ClientIds"),
                Param("Fingerprints"),
                _DESCRIPTION,
                _ISSUANCE,
            ),
            WHOLE_ACCOUNT,
            "writesPerSecond",
        ),
        Action(
            "UpdateOIDCProvider",
            _update_oidc,
            "write",
            (_OIDC_NAME, _NEW_DESCRIPTION, Param("ClientIds"), _ISSUANCE),
            _ONE_OIDC,
            "writesPerSecond",
        ),
        Action("GetOIDCProvider", _get_oidc, "read", (_OIDC_NAME,), _ONE_OIDC),
        Action("ListOIDCProviders", partial(_list, "oidc"), "read", PAGING, WHOLE_ACCOUNT),
        Action(
            "DeleteOIDCProvider",
            partial(_delete, "oidc"),
            "write",
            (_OIDC_NAME,),
            _ONE_OIDC,
            "writesPerSecond",
        ),
        *_entry_actions(_CLIENT_IDS),
        *_entry_actions(_FINGERPRINTS),
    )
)
