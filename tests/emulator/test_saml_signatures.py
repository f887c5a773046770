"""What of a response is believed: the assertion that its issuer signed whole, nothing beside it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

from ram_emulator.saml import SamlError, read_metadata, read_response
from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud
from tests.emulator.saml import (
    NAMES,
    Says,
    encoded,
    metadata,
    response,
    role_attribute,
    saying,
    set_up,
    signer,
)
from tests.unit.profiles import examples

ACTION = "AssumeRoleWithSAML"
INVALID = "AuthenticationFail.SAMLAssertion.Invalid"


def _signed(role: str, name: str = "one", **options: object) -> str:
    return signer(name).sign(Says(role).xml(), **options)


def _moved(role: str, where: str) -> str:
    """What was signed stands where nobody reads it, and something else where it is read."""
    good = _signed(role)
    signature = re.search(r"<ds:Signature.*</ds:Signature>", good, re.DOTALL)
    assert signature is not None
    evil = Says(role, subject="root", session="root").xml()
    if where == "beside":
        return evil.replace('"_good"', '"_evil"') + good
    if where == "first":
        return good + evil.replace('"_good"', '"_evil"')
    if where == "inside":
        return evil.replace('"_good"', '"_evil"').replace("<saml:Subject>", f"{good}<saml:Subject>")
    if where == "in the signature":
        held = signature[0].replace(
            "</ds:Signature>", f"<ds:Object>{good}</ds:Object></ds:Signature>"
        )
        return evil.replace('"_good"', '"_evil"').replace("<saml:Subject>", f"{held}<saml:Subject>")
    bare = good.replace(signature[0], "")
    held = f'<ds:Object xmlns:ds="{NAMES["ds"]}">{bare}</ds:Object>'
    named = evil.replace('"_good"', '"_evil"')
    return named.replace("<saml:Subject>", f"{signature[0]}<saml:Subject>") + held


NOT_SIGNED: list[tuple[str, Callable[[str], str]]] = [
    ("nothing is signed", lambda role: response(Says(role).xml())),
    ("by a stranger", lambda role: response(_signed(role, "two"))),
    ("by a certificate that has ended", lambda role: response(_signed(role, "old"))),
    ("another subject", lambda role: response(_signed(role).replace(">ann<", ">eve<"))),
    ("another end", lambda role: response(re.sub(r"NotBefore=\S+", "", _signed(role)))),
    (
        "something more",
        lambda role: response(
            _signed(role).replace("</saml:Subject>", "</saml:Subject><saml:Advice/>")
        ),
    ),
    ("two assertions, the signed one last", lambda role: response(_moved(role, "beside"))),
    ("two assertions, the signed one first", lambda role: response(_moved(role, "first"))),
    ("one in another", lambda role: response(_moved(role, "inside"))),
    ("one in a signature", lambda role: response(_moved(role, "in the signature"))),
    ("one outside of what names it", lambda role: response(_moved(role, "outside"))),
    (
        "a signature of another id",
        lambda role: response(_signed(role).replace('ID="_good"', 'ID="_x"')),
    ),
    (
        "a part of it alone is signed",
        lambda role: response(
            signer().sign(Says(role, more='<saml:Advice ID="_part"/>').xml(), "_part")
        ),
    ),
    (
        "its comments are signed",
        lambda role: response(
            _signed(
                role,
                c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS,
            )
        ),
    ),
    ("an older version", lambda role: response(_signed(role), version="1.1")),
    ("a response that failed", lambda role: response(_signed(role), "Requester")),
    ("the assertion alone", lambda role: encoded(_signed(role))),
    ("in a wrapper", lambda role: response(f"<samlp:x>{_signed(role)}</samlp:x>")),
    (
        "beside one that is sealed",
        lambda role: response(
            f'<saml:EncryptedAssertion xmlns:saml="{NAMES["saml"]}"/>{_signed(role)}'
        ),
    ),
    ("with a document type", lambda role: response(_signed(role), before="<!DOCTYPE Response>")),
    (
        "entities in entities",
        lambda role: response(
            _signed(role).replace(">ann<", ">&b;<"),
            before='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>',
        ),
    ),
    (
        "an entity that is a file",
        lambda role: response(
            _signed(role).replace(">ann<", ">&f;<"),
            before='<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
        ),
    ),
    (
        "another transform",
        lambda role: response(
            _signed(role).replace("xmldsig#enveloped-signature", "xmldsig#base64")
        ),
    ),
    ("no XML", lambda role: encoded("nothing")),
    ("no Base64", lambda role: "%%%%"),
    ("half of it", lambda role: response(_signed(role))[:2000]),
]


@pytest.mark.parametrize("made", [row[1] for row in NOT_SIGNED], ids=[row[0] for row in NOT_SIGNED])
def test_what_is_not_signed_is_not_believed(cloud: Cloud, made: Callable[[str], str]) -> None:
    call = set_up(cloud, metadata(signer(), signer("old")))
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=made(role_attribute(cloud)))
    assert (error.code, error.status_code) == (INVALID, 401)
    # The same signer is believed where it signs all of it.
    invoke(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))


@pytest.mark.parametrize(
    ("method", "digest", "code"),
    [
        (SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512, ""),
        (SignatureMethod.SHA256_RSA_MGF1, DigestAlgorithm.SHA256, ""),
        (SignatureMethod.RSA_SHA1, DigestAlgorithm.SHA256, INVALID),
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA1, INVALID),
    ],
)
def test_sha_1_is_not_believed(
    cloud: Cloud, method: SignatureMethod, digest: DigestAlgorithm, code: str
) -> None:
    call = set_up(cloud)
    signed = _signed(role_attribute(cloud), signature_algorithm=method, digest_algorithm=digest)
    if not code:
        invoke(cloud.sts(), ACTION, **call, SAMLAssertion=response(signed))
        return
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=response(signed))
    assert error.code == code


@examples(150)
@given(st.data())
def test_a_response_that_was_changed_anywhere_says_nothing_else(data: st.DataObject) -> None:
    found = read_metadata(encoded(metadata(signer())))
    good = _signed("acs:ram::1:role/a,acs:ram::1:saml-provider/b")
    said = read_response(response(good), found.certificates, time.time())
    at = data.draw(st.integers(0, len(good) - 1))
    letter = data.draw(st.sampled_from('ABCabc019-_<>&"/ é\x00'))
    bent = good[:at] + letter + good[at + data.draw(st.integers(0, 3)) :]
    try:
        again = read_response(response(bent), found.certificates, time.time())
    except SamlError:
        return
    # Spaces within tags, and what is not signed of the signature itself, may differ.
    assert again == said
