"""The error that a document which cannot be accepted is refused with.

Owned by the document package; raised while parsing and shown to users as it is. Must not carry
more of the document than the offending element.
"""

from __future__ import annotations


class DocumentError(ValueError):
    """A RAM document that the operator refuses to write.

    `path` is the JSON path of the element ("Statement[0].Principal"; "" for the whole document),
    `problem` says what is wrong with it and `remedy` what to write instead.
    """

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        self.path = path
        self.problem = problem
        self.remedy = remedy
        super().__init__(path, problem, remedy)

    def __str__(self) -> str:
        return f"{self.path or 'document'}: {self.problem}; {self.remedy}"
