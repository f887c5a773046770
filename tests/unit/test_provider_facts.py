"""What identity providers are, as the cloud says it: read, kept for a moment, never guessed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from ram_operator.cloud.cached_reads import PROVIDER_KEPT_SECONDS, ProviderFacts
from ram_operator.errors import Absent, Retry
from ram_operator.model import provider_states

Json = dict[str, Any]
GIT, IDP = "oidc-provider/git", "saml-provider/idp"
OIDC: Json = {
    "IssuerUrl": "https://git.example",
    "ClientIds": "ci, sts.aliyuncs.com",
    "Fingerprints": "AA,bb",
    "IssuanceLimitTime": 12,
}


class Cloud:
    """Answers with `body`, and counts."""

    def __init__(self, body: Json) -> None:
        self.body = body
        self.asked: list[tuple[str, Json]] = []

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((action, dict(parameters)))
        if not self.body:
            raise Absent("nothing there", code="EntityNotExist.OIDCProvider", relation=False)
        return self.body


def read(body: Json, name: str = GIT) -> str:
    return ProviderFacts().read(Cloud(body), name, 0.0, fresh=False)


def test_an_oidc_provider() -> None:
    cloud = Cloud({"OIDCProvider": OIDC})
    text = ProviderFacts().read(cloud, "oidc-provider/Git", 0.0, fresh=False)
    wanted = provider_states.oidc(
        "https://git.example", ["ci", "sts.aliyuncs.com"], ["aa", "bb"], "12"
    )
    assert text == wanted
    assert cloud.asked == [("IMS.GetOIDCProvider", {"OIDCProviderName": "Git"})]
    bare = {"OIDCProvider": {"IssuerUrl": "https://git.example"}}
    assert read(bare) == provider_states.oidc("https://git.example", [], [])
    odd = {"OIDCProvider": {**OIDC, "IssuanceLimitTime": "12h"}}
    assert read(odd) != wanted


def test_saml_metadata_is_the_same_in_any_line_breaks() -> None:
    encoded = base64.b64encode(b"<Entity/>" * 20).decode()
    broken = "\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
    for text in (encoded, broken):
        body = {"SAMLProvider": {"EncodedSAMLMetadataDocument": text}}
        assert read(body, IDP) == provider_states.saml(b"<Entity/>" * 20)
    for text in ("no base64!", "ünïcode"):
        odd = {"SAMLProvider": {"EncodedSAMLMetadataDocument": text}}
        assert read(odd, IDP) == provider_states.saml("".join(text.split()).encode())


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (GIT, {"OIDCProvider": {}}),
        (GIT, {"OIDCProvider": None}),
        (GIT, {"RequestId": "R"}),
        (GIT, {"OIDCProvider": {"ClientIds": "ci"}}),
        (IDP, {"SAMLProvider": {"SAMLProviderName": "idp"}}),
        (IDP, {"SAMLProvider": {"EncodedSAMLMetadataDocument": ""}}),
    ],
)
def test_an_answer_without_what_matters_is_no_other_provider(name: str, body: Json) -> None:
    with pytest.raises(Retry):
        read(body, name)


def test_one_that_does_not_exist_is_told_from_one_that_cannot_be_read() -> None:
    assert read({}) == provider_states.ABSENT


def test_it_is_kept_for_a_moment_and_asked_for_when_it_matters() -> None:
    cloud, facts = Cloud({"OIDCProvider": OIDC}), ProviderFacts()
    times = [(0.0, False), (1.0, False), (2.0, True), (2.0 + PROVIDER_KEPT_SECONDS, False)]
    counts = []
    for now, fresh in times:
        facts.read(cloud, GIT, now, fresh=fresh)
        counts.append(len(cloud.asked))
    assert counts == [1, 1, 2, 3]
    facts.read(cloud, "oidc-provider/Git", 12.0, fresh=False)
    assert len(cloud.asked) == 4, "whether RAM heeds case is not known"
