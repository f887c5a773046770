"""What the service refuses in documents, each with the sentence that a caller sees."""

from __future__ import annotations

import pytest

from tests.emulator.calls import policy, refused, trust
from tests.emulator.conftest import Cloud

BAD_TRUST: list[tuple[str, str]] = [
    ('{"Statement": [{}]}', 'Version must be the text "1"'),
    ('{"Version": 1, "Statement": [{}]}', 'Version must be the text "1"'),
    ('{"Version": "1", "Statement": {}}', "Statement must be an array"),
    ('{"Version": "1", "Statement": [{}], "Id": "x"}', "Invalid policy element: Id"),
    (trust("fc.aliyuncs.com", kind="Service", Effect="allow"), "Invalid effect"),
    (trust("fc.aliyuncs.com", kind="Service", Resource="*"), "Invalid policy element: Resource"),
    (trust("fc.aliyuncs.com", kind="Service", Action="oss:*"), "sts actions only"),
    (trust("fc.aliyuncs.com", kind="Service", Action="AssumeRole"), "Invalid action format"),
    (trust("fc.aliyuncs.com", kind="Service", Condition=[]), "Data type mismatch"),
    (
        trust("fc.aliyuncs.com", kind="Service", Condition={"StringEqualsIfExists": {"a:b": "c"}}),
        "Invalid condition operator",
    ),
    (
        trust("fc.aliyuncs.com", kind="Service", Condition={"StringEquals": {"nokey": "c"}}),
        "Invalid condition key format",
    ),
    (
        trust("fc.aliyuncs.com", kind="Service", Condition={"Bool": {"acs:x": ["true", "false"]}}),
        "Invalid condition multiple Boolean",
    ),
    (
        trust("fc.aliyuncs.com", kind="Service", Condition={"NumericEquals": {"acs:x": 1}}),
        "Data type mismatch",
    ),
    (trust("fc.example.com", kind="Service"), "Invalid service"),
    (trust("x", kind="Other"), "Invalid policy element: Other"),
    (trust("1234567890123456"), "Invalid ARN prefix"),
    (trust("acs:ram::1:saml-provider/x"), "Invalid ARN prefix"),
    (trust("acs:ram::*:saml-provider/x", kind="Federated"), "wildcards are not supported"),
    (trust(), "a text or an array of texts"),
]


@pytest.mark.parametrize(("document", "message"), BAD_TRUST, ids=[m for _, m in BAD_TRUST])
def test_trust_grammar(cloud: Cloud, document: str, message: str) -> None:
    error = refused(
        cloud.ram(), "CreateRole", RoleName="grammar", AssumeRolePolicyDocument=document
    )
    assert error.code == "MalformedPolicyDocument"
    assert message in error.data["Message"]


BAD_POLICY: list[tuple[str, str]] = [
    (policy(Principal={"RAM": "*"}), "Invalid policy element: Principal"),
    (policy(Sid="x"), "Invalid policy element: Sid"),
    (policy(NotAction="oss:*"), "exactly one of Action and NotAction"),
    (policy(Resource="arn:aws:s3:::x"), "Invalid ARN prefix"),
    (policy(Resource=[]), "Data type mismatch"),
    (policy("oss"), "Invalid action format"),
]


@pytest.mark.parametrize(("document", "message"), BAD_POLICY, ids=[m for _, m in BAD_POLICY])
def test_policy_grammar(cloud: Cloud, document: str, message: str) -> None:
    error = refused(cloud.ram(), "CreatePolicy", PolicyName="grammar", PolicyDocument=document)
    assert error.code == "MalformedPolicyDocument"
    assert message in error.data["Message"]
