"""Log lines: always one JSON object, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ram_operator.observability.logs import JsonFormatter, PlainFormatter, configure, redact
from tests.unit.profiles import examples

thorough = examples(300)

NAMES = [
    "password",
    "Password",
    "passwd",
    "NewPassword",
    "secret",
    "AccessKeySecret",
    "access_key_secret",
    "client-secret",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
    "accessKeyId",
    "access-key-id",
    "SecurityToken",
    "x-acs-security-token",
    "Signature",
    "token",
    "private_key",
    "credentials",
    "Authorization",
]
# The X keeps a generated secret from being part of the text around it.
secrets = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")),
    min_size=1,
    max_size=30,
).map(lambda text: f"X{text}Xq9")
bare = secrets.map(lambda text: "".join(text.split()).replace("'", "").replace('"', ""))

# How a secret gets into a text, with the form that it has there.
Form = Callable[[str, str], tuple[str, str]]
QUOTED: dict[str, Form] = {
    "json": lambda name, value: (json.dumps({name: value, "next": 1}), json.dumps(value)[1:-1]),
    "json, ascii": lambda name, value: (
        json.dumps({name: value}, ensure_ascii=True),
        json.dumps(value)[1:-1],
    ),
    "json, real letters": lambda name, value: (
        json.dumps({name: value}, ensure_ascii=False),
        json.dumps(value, ensure_ascii=False)[1:-1],
    ),
    "json, tight": lambda name, value: (
        json.dumps({name: value, "b": "c"}, separators=(",", ":")),
        json.dumps(value)[1:-1],
    ),
    "json in json": lambda name, value: (
        json.dumps({"body": json.dumps({name: value})}),
        json.dumps(json.dumps(value)[1:-1])[1:-1],
    ),
    "repr of a dict": lambda name, value: (str({name: value, "b": 1}), repr(value)[1:-1]),
    "repr of an object": lambda name, value: (f"User({name}={value!r}, b=1)", repr(value)[1:-1]),
    "cut off": lambda name, value: (json.dumps({name: value})[:-2], json.dumps(value)[1:-1]),
}
BARE: dict[str, Form] = {
    "header": lambda name, value: (f"{name}: {value}", value),
    "assignment": lambda name, value: (f"set {name}={value} and go on", value),
    "assignment with spaces": lambda name, value: (f"{name} = {value}", value),
    "form": lambda name, value: (f"a=b&{name}={quote(value)}&c=d", quote(value)),
    "url": lambda name, value: (
        f"GET https://ram.aliyuncs.com/?a=b&{name}={quote(value)} failed",
        quote(value),
    ),
    "path": lambda name, value: (
        f"Max retries exceeded with url: /?{quote(name)}={quote(value)}",
        quote(value),
    ),
    "user of a url": lambda name, value: (
        f"https://{name}:{quote(value, safe='')}@host.example/path",
        quote(value, safe=""),
    ),
    "query without a name": lambda name, value: (
        f"http://127.0.0.1:80/p?{quote(value)}",
        quote(value),
    ),
}


@thorough
@given(name=st.sampled_from(NAMES), form=st.sampled_from(sorted(QUOTED)), secret=secrets)
@example(name="Password", form="json", secret='X " Xq9')
@example(name="Password", form="repr of a dict", secret="X with blanks, commas; and 'more' Xq9")
def test_no_quoted_secret_survives(name: str, form: str, secret: str) -> None:
    text, shown = QUOTED[form](name, secret)
    assert shown in text
    found = redact(text)
    assert shown not in found
    assert "Xq9" not in found
    assert "[redacted]" in found


@thorough
@given(name=st.sampled_from(NAMES), form=st.sampled_from(sorted(BARE)), secret=bare)
def test_no_bare_secret_survives(name: str, form: str, secret: str) -> None:
    text, shown = BARE[form](name, secret)
    assert shown in text
    found = redact(text)
    assert shown not in found
    assert "Xq9" not in found


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: acs LTAI5tMadeUpKeyId:c2lnbmF0dXJl=",
        "Authorization: ACS3-HMAC-SHA256 Credential=LTAI5tMadeUpKeyId,SignedHeaders=host,"
        "Signature=c2lnbmF0dXJl=",
        "{'Authorization': 'Bearer c2lnbmF0dXJl='}",
        '{"authorization": "Bearer c2lnbmF0dXJl="}',
        "sent Bearer c2lnbmF0dXJl=",
        "sent acs LTAI5tMadeUpKeyId:c2lnbmF0dXJl=",
    ],
)
def test_authorization_headers_go_whole(text: str) -> None:
    assert "c2lnbmF0dXJl" not in redact(text)
    assert "LTAI5" not in redact(text)


@pytest.mark.parametrize(
    "value",
    [
        "LTAI5tMadeUpKeyId",
        "STS.NUMadeUpKeyId",
        "TMP.3KeMadeUpKeyId",
        "CAISmadeUp+Token/0123456789=",
    ],
)
def test_keys_and_tokens_are_known_by_their_shape(value: str) -> None:
    assert redact(f"the key {value} is old") == "the key [redacted] is old"


@pytest.mark.parametrize(
    "text",
    [
        "RamRole apps/web: policy System/AliyunOSSReadOnlyAccess was attached by hand",
        "Secret ram-credentials does not exist in the operator's namespace; create it there",
        "Secret ram: the value of key accessKeySecret is no text",
        "https://ram.aliyuncs.com/path is no endpoint",
        "acs:ram::1234567890123456:role/web trusts fc.aliyuncs.com",
        "is it there? yes",
        "",
    ],
)
def test_ordinary_sentences_stay(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "/",
        "?",
        "\\",
        "token",
        "token-",
        "token ",
        "secret:\\",
        'password="',
        "https://",
        "STS.",
    ],
)
def test_long_texts_take_no_quadratic_time(piece: str) -> None:
    started = time.process_time()
    redact(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 5.0


def record(message: str, *arguments: object, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("ram_operator.x", logging.INFO, __file__, 1, message, arguments, None)
    vars(made).update(extra)
    return made


def test_a_line_says_when_how_grave_who_and_what() -> None:
    made = record("%d of %s", 3, "many", kind="RamRole", k8s_ref="x", _private="x")
    made.created = 1_767_225_600.5
    assert json.loads(JsonFormatter().format(made)) == {
        "time": "2026-01-01T00:00:00.500+00:00",
        "level": "info",
        "logger": "ram_operator.x",
        "message": "3 of many",
        "kind": "RamRole",
    }


@thorough
@given(
    message=st.text(max_size=60),
    extras=st.dictionaries(
        st.text("abcdef_", min_size=1, max_size=8).filter(lambda name: name[0] != "_"),
        st.one_of(st.text(max_size=30), st.integers(), st.none(), st.lists(st.text(max_size=5))),
        max_size=4,
    ),
)
def test_each_record_is_one_line_of_json(message: str, extras: dict[str, Any]) -> None:
    line = JsonFormatter().format(record(message.replace("%", "%%"), **extras))
    assert "\n" not in line
    assert "\r" not in line
    entry = json.loads(line)
    assert entry.keys() >= {"time", "level", "logger", "message", *extras}


@pytest.mark.parametrize(
    "name", ["password", "access_key_secret", "security_token", "authorization"]
)
def test_an_extra_that_is_secret_by_its_name_is_not_shown(name: str) -> None:
    line = JsonFormatter().format(record("x", **{name: "Xq9 with blanks"}))
    assert json.loads(line)[name] == "[redacted]"


def test_an_extra_that_holds_a_secret_is_redacted() -> None:
    line = JsonFormatter().format(record("x", body={"Password": "Xq9 and more", "a": 1}))
    assert json.loads(line)["body"] == "{'Password': [redacted], 'a': 1}"


def failing() -> logging.LogRecord:
    made = record("it failed")
    try:
        try:
            raise OSError("url: /?RoleName=web&Password=Xq9")
        except OSError as error:
            raise ValueError("SecurityToken: Xq9") from error
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


@pytest.mark.parametrize("formatter", [JsonFormatter(), PlainFormatter("%(message)s")])
def test_exceptions_and_their_causes_are_redacted_too(formatter: logging.Formatter) -> None:
    made = failing()
    text = formatter.format(made)
    assert "ValueError: SecurityToken: [redacted]" in text
    assert "OSError: url: /?[redacted]" in text
    # The source lines of this very test hold the texts.
    assert text.count("Xq9") == 0


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    known = {name: logging.getLogger(name) for name in logging.root.manager.loggerDict}
    levels = {name: logger.level for name, logger in known.items()}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, logger in known.items():
        logger.setLevel(levels[name])
    for name in logging.root.manager.loggerDict.keys() - known.keys():
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.mark.usefixtures("logging_as_it_was")
@pytest.mark.parametrize("log_format", ["json", "plain"])
def test_after_the_set_up_all_loggers_write_redacted_lines_to_standard_error(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(log_format, "info")
    assert len(logging.getLogger().handlers) == 1
    logging.getLogger("some.library").info("password=%s", "Xq9")
    logging.getLogger("some.library").debug("not shown")
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert captured.out == ""
    assert "Xq9" not in line
    if log_format == "json":
        assert json.loads(line)["message"] == "password=[redacted]"
    else:
        assert line.endswith("some.library: password=[redacted]")


@pytest.mark.usefixtures("logging_as_it_was")
def test_libraries_that_log_requests_and_bodies_are_silenced_even_in_debug(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("json", "debug")
    for name in ("kopf.objects", "urllib3.connectionpool", "alibabacloud.x", "Tea", "asyncio"):
        logging.getLogger(name).info("GET /")
    assert capsys.readouterr().err == ""
    logging.getLogger("ram_operator").debug("shown")
    assert json.loads(capsys.readouterr().err)["level"] == "debug"


@pytest.mark.usefixtures("logging_as_it_was")
def test_a_text_that_no_encoding_knows_loses_no_line() -> None:
    configure("json", "info")
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    logging.getLogger("x").info("half a letter: \ud800")
    stream.seek(0)
    assert json.loads(stream.read())["message"].startswith("half a letter")


FORGED = "x\r\n2026-01-01 00:00:00,000 INFO ram_operator: all is well\x1b[2J\u202e\u2028"


def forging() -> logging.LogRecord:
    made = record("%s", FORGED, kind=FORGED)
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    made.stack_info = FORGED
    return made


def test_no_text_forges_a_line_of_the_log() -> None:
    plain = PlainFormatter("%(levelname)s %(message)s").format(forging())
    first, *others = plain.split("\n")
    assert first.startswith("INFO x\\r\\n2026")
    assert all(line.startswith("  ") for line in others)
    found = json.loads(JsonFormatter().format(forging()))
    assert "\n" not in found["message"] + found["kind"]
    shown = plain + "".join(map(str, found.values()))
    assert not {"\r", "\x1b", "\u202e", "\u2028"} & set(shown)
