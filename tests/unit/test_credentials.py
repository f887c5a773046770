"""Credentials: read whole or refused, and shown nowhere."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cloud.credentials import (
    ENVIRONMENT,
    SECRET_KEYS,
    Credentials,
    from_environment,
    from_secret,
)
from ram_operator.constants import Reason
from ram_operator.errors import Stalled
from tests.unit.profiles import examples

ID, SECRET, TOKEN = "made-up-id-7b1", "made-up-secret-9c2", "made-up-token-4d3"


def data(**values: str) -> dict[str, str]:
    return {key: base64.b64encode(text.encode()).decode() for key, text in values.items()}


def test_from_the_variables_that_other_tools_read_too() -> None:
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": f" {SECRET}\n",
    }
    assert environment_alone(environment) == Credentials(ID, SECRET)
    environment["ALIBABA_CLOUD_SECURITY_TOKEN"] = TOKEN
    assert environment_alone(environment) == Credentials(ID, SECRET, TOKEN)


def environment_alone(environment: Mapping[str, str]) -> Credentials:
    return from_environment(environment, "ram-system", lambda _: None)


def test_the_secret_is_read_as_it_is_now() -> None:
    """It may have been made, or its key exchanged, after the pod had begun."""
    old = dict.fromkeys(ENVIRONMENT.values(), "old")
    made = data(accessKeyId=ID, accessKeySecret=SECRET)
    asked: list[str] = []

    def secret(name: str) -> Mapping[str, str]:
        asked.append(name)
        return made

    for environment in (old, {}):
        assert from_environment(environment, "ram-system", secret) == Credentials(ID, SECRET)
    assert asked == ["ram-operator-credentials"] * 2


def test_a_secret_that_cannot_be_read_matters_where_there_is_no_other_key() -> None:
    def denied(_: str) -> None:
        raise Stalled(Reason.ACCESS_DENIED, "no right")

    pair = dict.fromkeys(ENVIRONMENT.values(), ID)
    assert from_environment(pair, "ram-system", denied).access_key_id == ID
    with pytest.raises(Stalled, match="no right"):
        from_environment({}, "ram-system", denied)


def test_without_any_key_the_command_is_named_that_makes_one() -> None:
    with pytest.raises(Stalled) as caught:
        from_environment({}, "ram-system", lambda _: None)
    assert caught.value.reason is Reason.CREDENTIALS_INVALID
    assert (
        "kubectl create secret generic ram-operator-credentials -n ram-system"
        " --from-file=accessKeyId --from-file=accessKeySecret"
    ) in caught.value.message


def test_from_a_secret_with_and_without_a_token() -> None:
    # `echo secret | base64` leaves a line break behind.
    pair = data(accessKeyId=ID, accessKeySecret=SECRET + "\n")
    assert from_secret("ram", pair) == Credentials(ID, SECRET)
    assert from_secret("ram", pair | data(securityToken=TOKEN)) == Credentials(ID, SECRET, TOKEN)
    assert from_secret("ram", pair | data(other="x")) == Credentials(ID, SECRET)
    ends = from_secret("ram", pair | data(securityToken=TOKEN, expiration="2026-01-01T00:00:00Z\n"))
    assert ends.expiration == "2026-01-01T00:00:00Z"
    # Another end is no other key: nothing is opened anew for it.
    assert ends.fingerprint == Credentials(ID, SECRET, TOKEN).fingerprint


@pytest.mark.parametrize("missing", ["access_key_id", "access_key_secret"])
@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_half_a_pair_is_refused_and_the_remedy_names_both(missing: str, blank: str | None) -> None:
    for names, read, where in (
        (ENVIRONMENT, environment_alone, "environment"),
        (SECRET_KEYS, lambda given: from_secret("ram", data(**given)), "Secret ram"),
    ):
        given = dict.fromkeys(names.values(), SECRET)
        if blank is None:
            del given[names[missing]]
        else:
            given[names[missing]] = blank
        with pytest.raises(Stalled) as caught:
            read(given)
        assert caught.value.reason is Reason.CREDENTIALS_INVALID
        assert where in caught.value.message
        assert names["access_key_id"] in caught.value.message
        assert names["access_key_secret"] in caught.value.message
        assert SECRET not in caught.value.message


def test_a_secret_that_does_not_exist() -> None:
    with pytest.raises(Stalled, match="Secret ram does not exist") as caught:
        from_secret("ram", None)
    assert caught.value.reason is Reason.CREDENTIALS_INVALID


@pytest.mark.parametrize(
    "value",
    ["bWFk*", "abc", "bWFk\nZS11cA==", "=", "é", base64.b64encode(b"\xff\xfe").decode()],
)
@pytest.mark.parametrize("key", SECRET_KEYS.values())
def test_what_is_no_base64_of_text_is_refused_without_showing_it(key: str, value: str) -> None:
    whole = data(accessKeyId=ID, accessKeySecret=SECRET, securityToken=TOKEN)
    with pytest.raises(Stalled, match=f"Secret ram: the value of key {key} is no text") as caught:
        from_secret("ram", whole | {key: value})
    assert caught.value.reason is Reason.CREDENTIALS_INVALID
    assert value not in caught.value.message.replace("the value of key", "").split()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "inside", ["\r\n", "\n", "\0", "\x1b[2J", " ", "\u202e", "安", "é", "\x7f"], ids=ascii
)
@pytest.mark.parametrize("part", sorted(SECRET_KEYS))
def test_what_no_header_can_carry_is_refused_by_the_name_of_its_key(part: str, inside: str) -> None:
    for names, read, where in (
        (ENVIRONMENT, environment_alone, "the operator's environment"),
        (SECRET_KEYS, lambda given: from_secret("ram", data(**given)), "Secret ram"),
    ):
        given = dict.fromkeys(names.values(), SECRET) | {names[part]: f"Xq9{inside}Xq9"}
        with pytest.raises(Stalled) as caught:
            read(given)
        assert caught.value.reason is Reason.CREDENTIALS_INVALID
        assert f"{where}: the value of {names[part]} has what no key has" in caught.value.message
        assert not {"Xq9", SECRET} & set(caught.value.message.split())
        assert "Xq9" not in caught.value.message


def test_nothing_that_is_printed_shows_them() -> None:
    keys = Credentials(ID, SECRET, TOKEN)
    for text in (repr(keys), str(keys), f"{keys}", f"{[keys]}", repr({"a": keys})):
        assert not any(part in text for part in (ID, SECRET, TOKEN))


def test_they_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Credentials(ID, SECRET), "access_key_id", "x")  # noqa: B010 - as in test_config


# A NUL never occurs in credentials; the fingerprint separates them by it.
words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)


@examples(100)
@given(one=st.tuples(words, words, words), two=st.tuples(words, words, words))
def test_the_fingerprint_tells_pairs_apart(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    left, right = Credentials(*one), Credentials(*two)
    assert (left.fingerprint == right.fingerprint) == (one == two)


def test_the_fingerprint_shows_none_of_them() -> None:
    assert ID not in Credentials(ID, SECRET, TOKEN).fingerprint
    assert Credentials("a", "b").fingerprint != Credentials("a", "b", "c").fingerprint
