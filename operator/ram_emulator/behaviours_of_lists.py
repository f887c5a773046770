"""The switches for lists of a whole account, where pages and another service's copy come in.

Rows of the table in `behaviours`. Those that break a list for good are off in every preset: no
account is always so, and nobody could learn anything from such a list.
"""

from __future__ import annotations

from collections.abc import Mapping

from .behaviour import Behaviour

BEHAVIOURS_OF_LISTS: Mapping[str, Behaviour] = {
    "actiontrail_lag_seconds": Behaviour(
        600.0,
        0.0,
        "LookupEvents has an event once it is this many seconds old.",
        "Help pages say to wait about ten minutes; no figure is promised.",
    ),
    "policy_attachments_names": Behaviour(
        "folded",
        "given",
        "ListPolicyAttachments shows the names of users, groups and policies as they were given, "
        "or in lower (`folded`) or `upper` case.",
        "Samples show names of roles in both cases; nothing says that they are as given.",
        ("folded", "given", "upper"),
    ),
    "policy_attachments_total_moves": Behaviour(
        False,
        False,
        "TotalCount of ListPolicyAttachments is another one on each page.",
        "Its pages have numbers, and no snapshot is documented.",
    ),
    "policy_attachments_rows_repeat": Behaviour(
        False,
        False,
        "Each page of ListPolicyAttachments but the first begins with the last row of the one "
        "before.",
        "An attachment that is made while the pages are read moves the rows.",
    ),
    "policy_attachments_rows_missing": Behaviour(
        "",
        "",
        "ListPolicyAttachments leaves every third row out, and TotalCount has it (`counted`) or "
        "not (`uncounted`).",
        "A detachment while the pages are read moves rows; an index may be built anew.",
        ("", "counted", "uncounted"),
    ),
}
