"""Several comparisons that are one judgement, for they are asked for together.

Called by the rules, which look at whoever stays trusted one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .canonical import Trust
from .comparing import TOO_COMPLEX, Comparison, Verdict, judged
from .globs import Budget
from .kept import Verdicts


def compare_each(pairs: Sequence[tuple[Trust, Trust]]) -> tuple[Comparison, ...]:
    """Parts of one trust, each with what becomes of it, as one judgement.

    Where it is too much work for all of them, there is one answer, which says that.
    """
    text = sum(len(part.text) + _GRANT * len(part.grants) for pair in pairs for part in pair)
    key = tuple((before.spelled, after.spelled) for before, after in pairs)
    found = _KEPT_PARTS.of(key, lambda: _judged_each(pairs), text)
    return (_OVER,) if found is None else found


_GRANT: Final = 100
"""Characters of a grant, where its document has none."""
_KEPT_PARTS: Final[Verdicts[tuple[Comparison, ...]]] = Verdicts()
_OVER: Final = Comparison(Verdict.UNKNOWN, gain_sentences=(TOO_COMPLEX,), too_complex=True)


def _judged_each(pairs: Sequence[tuple[Trust, Trust]]) -> tuple[Comparison, ...] | None:
    budget, out = Budget(), []
    for before, after in pairs:
        if before.spelled != after.spelled:
            found = judged(before, after, budget)
            if found is None:
                return None
            out.append(found)
    return tuple(out)
