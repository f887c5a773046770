"""The condition keys that are documented, each with where: a table, and what is well formed.

Read by the parser, by the rule on keys that nobody lists, and by the reference page. A trust is
written with listed keys alone, for the gate has to understand it. In a permission document a key
that is well formed is written whatever it is: services add keys faster than anybody lists them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Key(NamedTuple):
    """A documented key; one that ends in a slash is followed by the key of a tag."""

    name: str
    source: str


_ELEMENTS: Final = "RAM guide, policy elements"
_RAM: Final = "API reference of RAM, CreateRole and AttachPolicyToRole"
_PASSING: Final = "RAM guide, PassRole; system policies such as AliyunFCFullAccess"
_OSS: Final = "OSS guide, RAM policy and authorization syntax"
_ECS: Final = "ECS guide, RAM authorization"
_KMS: Final = "KMS guide, policy condition keys"
_SAMPLES: Final = "custom policies in the guide of the service"

COMMON: Final = tuple(
    Key(f"acs:{name}", _ELEMENTS)
    for name in (
        "CurrentTime",
        "MFAPresent",
        "PrincipalARN",
        "PrincipalRDId",
        "PrincipalRDPath",
        "SecureTransport",
        "SourceIp",
        "SourceVpc",
        "ResourceTag/",
        "RequestTag/",
    )
)
"""Of every service, STS with its trusts among them."""

TRUST: Final = (
    Key("oidc:aud", "RAM guide, trust of OIDC providers"),
    Key("oidc:iss", "RAM guide, trust of OIDC providers"),
    Key("oidc:sub", "RAM guide, trust of OIDC providers"),
    Key("saml:recipient", "RAM guide, trust of SAML providers"),
    Key("sts:ExternalId", "RAM guide, external ids"),
    Key("sts:SourceIdentity", "RAM authorization of STS"),
)

PERMISSION: Final = (
    Key("acs:Service", _PASSING),
    Key("acs:UserAgent", _OSS),
    Key("acs:AccessId", _OSS),
    Key("acs:SourceVpcId", _OSS),
    Key("acs:TLSVersion", _OSS),
    Key("acs:VpcSourceIp", _KMS),
    Key("ram:ServiceName", _RAM),
    Key("ram:ServiceNames", _RAM),
    Key("ram:TrustedPrincipalTypes", _RAM),
    Key("sts:ExternalId", "RAM authorization of STS"),
    Key("sts:SourceIdentity", "RAM authorization of STS"),
    Key("oss:Prefix", _OSS),
    Key("oss:Delimiter", _OSS),
    Key("oss:x-oss-acl", _OSS),
    Key("oss:x-oss-object-acl", _OSS),
    Key("oss:object-remaining-retention-days", _OSS),
    Key("oss:BucketTag/", _OSS),
    Key("oss:ExistingObjectTag/", _OSS),
    Key("oss:RequestObjectTag/", _OSS),
    Key("ecs:CommandRunAs", _ECS),
    Key("rds:DiskEncryptionRequired", _SAMPLES),
    Key("dms:DbType", _SAMPLES),
    Key("ecs:tag/", _ECS),
    Key("vpc:tag/", _SAMPLES),
    Key("rds:tag/", _SAMPLES),
    Key("slb:tag/", _SAMPLES),
    Key("kms:tag/", _KMS),
)

_WELL_FORMED: Final = re.compile(
    r"[a-z][a-z0-9-]{0,63}:[A-Za-z0-9_.-]{1,128}(/[^\x00-\x1f\x7f]{1,256})?"
)
"""The code of a service and a name; after a slash the key of a tag, in any letters."""


def is_known(key: str, *, trust: bool) -> bool:
    """Whether the key can be written: listed for a trust, well formed for a permission document."""
    return is_listed(key, trust=trust) if trust else _WELL_FORMED.fullmatch(key) is not None


def is_listed(key: str, *, trust: bool) -> bool:
    """Whether some documentation that the table names has the key, spelled exactly so."""
    if _WELL_FORMED.fullmatch(key) is None:
        return False
    name, slash, _ = key.partition("/")
    return name + slash in (_TRUST_NAMES if trust else _PERMISSION_NAMES)


def names(keys: tuple[Key, ...]) -> frozenset[str]:
    """The names alone."""
    return frozenset(key.name for key in keys)


_TRUST_NAMES: Final = names(COMMON + TRUST)
_PERMISSION_NAMES: Final = names(COMMON + PERMISSION)
