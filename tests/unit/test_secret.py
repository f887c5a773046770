"""A secret shows itself nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from dataclasses import asdict, dataclass, field

import pytest

from ram_operator.cloud.answers import sealed
from ram_operator.constants import Reason
from ram_operator.errors import RamOperatorError
from ram_operator.model.secret import Secret

TEXT = "c4n4ry-0f-4-s3cr3t"
IT = Secret(TEXT)


@dataclass(frozen=True)
class Step:
    what: str = "store"
    secret: Secret = field(default=IT)


@pytest.mark.parametrize(
    "shown",
    [
        repr(IT),
        str(IT),
        f"{IT}",
        f"{IT!r:>40}",
        f"{IT:>40}",
        "%s %r" % (IT, IT),  # noqa: UP031
        f"{IT} {IT!r}",
        json.dumps({"a": IT}, default=str),
        repr(Step()),
        repr(asdict(Step())),
        repr({"a": [IT]}),
        repr(copy.deepcopy({"a": IT})),
        str(ValueError(IT)),
        repr(ValueError("no", IT)),
        repr(RamOperatorError(Reason.RETRYING, f"refused {IT}").args),
        repr(dir(IT)),
    ],
)
def test_no_text_says_what_it_is(shown: str) -> None:
    assert TEXT not in shown


def test_it_is_neither_stored_nor_compared() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(IT, protocol)
    with pytest.raises(TypeError):
        json.dumps({"a": IT})
    with pytest.raises(TypeError):
        IT.__getstate__()
    assert Secret(TEXT) != Secret(TEXT)
    assert IT != TEXT
    assert not hasattr(IT, "__dict__")
    assert copy.copy(IT) is IT


def test_a_log_line_does_not_say_it(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger(__name__)
    with caplog.at_level(logging.DEBUG):
        log.info("kept %s", IT, extra={"secret": IT})
        try:
            raise ValueError(IT)
        except ValueError:
            log.exception("it failed")
    assert TEXT not in caplog.text


def test_only_reveal_says_it() -> None:
    assert IT.reveal() == TEXT


def test_an_answer_with_a_new_key_is_sealed() -> None:
    body = {"RequestId": "1", "AccessKey": {"AccessKeyId": "LTAI", "AccessKeySecret": TEXT}}
    found = sealed(body)
    assert TEXT not in repr(found)
    assert found["AccessKey"]["AccessKeySecret"].reveal() == TEXT
    assert sealed({"RequestId": "1"}) == {"RequestId": "1"}
    empty = {"AccessKey": {"AccessKeyId": "LTAI", "AccessKeySecret": ""}}
    assert sealed(empty) == empty
    assert sealed({"AccessKey": {"AccessKeyId": "LTAI"}}) == {"AccessKey": {"AccessKeyId": "LTAI"}}
