"""What two trust documents have in common."""

from __future__ import annotations

import json
from typing import Any

from ram_operator import documents as docs
from tests.unit.documents_by_example import document, trust

Json = Any


class TestIntersection:
    def both(self, live: Json, wanted: Json) -> Json:
        one, two = docs.parse_trust(live, lenient=True), docs.parse_trust(wanted, lenient=True)
        made = docs.intersect_trust(one, two)
        return made and json.loads(made.to_json())["Statement"]

    def test_an_added_principal_is_left_out(self) -> None:
        (statement,) = self.both(
            trust({"RAM": ["acs:ram::1:root", "acs:ram::2:root"]}),
            trust({"RAM": "acs:ram::1:root"}),
        )
        assert statement["Principal"] == {"RAM": ["acs:ram::1:root"]}

    def test_the_narrower_principal_under_all_conditions(self) -> None:
        (statement,) = self.both(
            trust(
                {"RAM": "acs:ram::1:root"},
                {
                    "StringEquals": {"sts:ExternalId": ["x", "y"]},
                    "NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"},
                },
            ),
            trust(
                {"RAM": "acs:ram::1:user/ann"},
                {
                    "StringEquals": {"sts:ExternalId": ["y", "z"]},
                    "NotIpAddress": {"acs:SourceIp": "192.0.2.1"},
                },
            ),
        )
        assert statement["Principal"] == {"RAM": ["acs:ram::1:user/ann"]}
        assert statement["Condition"] == {
            "StringEquals": {"sts:ExternalId": ["y"]},
            "NotIpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.0.2.1"]},
        }

    def test_conditions_that_exclude_each_other(self) -> None:
        one = trust({"RAM": "acs:ram::1:root"}, {"StringEquals": {"sts:ExternalId": "x"}})
        two = trust({"RAM": "acs:ram::1:root"}, {"StringEquals": {"sts:ExternalId": "y"}})
        assert self.both(one, two) is None

    def test_unknown_parts_are_left_out(self) -> None:
        live = trust({"RAM": "acs:ram::1:root"}, {"Null": {"sts:ExternalId": "true"}})
        assert self.both(live, trust({"RAM": "acs:ram::1:root"})) is None
        assert self.both(document("x"), trust({"RAM": "acs:ram::1:root"})) is None

    def test_what_would_be_written_is_what_was_wanted(self) -> None:
        odd = trust({"RAM": "acs:ram::1:root"}, {"Bool": {"acs:MFAPresent": True}})
        more = {**odd, "Statement": [*odd["Statement"], *trust({"RAM": "*"})["Statement"]]}
        assert self.both(more, odd) is None

    def test_actions_that_are_not_named_are_left_out(self) -> None:
        statement = {
            "Effect": "Allow",
            "NotAction": "ram:*",
            "Principal": {"RAM": "acs:ram::1:root"},
        }
        assert self.both(document(statement), document(statement)) is None

    def test_spelling_and_repeats_do_not_show(self) -> None:
        (statement,) = self.both(
            trust({"RAM": ["acs:ram::1:role/Ci", "acs:ram::1:role/ci"]}),
            trust({"RAM": "acs:ram::1:role/CI"}),
        )
        assert len(statement["Principal"]["RAM"]) == 1
