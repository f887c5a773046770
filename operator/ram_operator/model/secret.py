"""A secret, from the answer of the cloud to the Secret of the cluster that keeps it. Pure.

Made by `cloud.answers`, and read by `cluster.secrets` alone. It cannot reach a log, an event, a
status or a record by accident: no way to print, compare, copy or store it says what it is.
"""

from __future__ import annotations

from typing import Final, NoReturn, final

_SHOWN: Final = "(secret)"


@final
class Secret:
    """Text that is never shown. Two of them are equal only where they are the same object."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The text itself, for the request that stores it and for nothing else."""
        return self.__text

    def __repr__(self) -> str:
        return _SHOWN

    def __format__(self, _: str) -> str:
        return _SHOWN

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _: object) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not stored")

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a secret is not stored")
