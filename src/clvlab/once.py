"""A property that is computed once, a refusal included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from clvlab.refusal import Refused

T = TypeVar("T")


class once(Generic[T]):
    """Compute a property when it is first read; what is refused once is refused again at no cost.

    A base of a thousand customers is asked the same for each of them: what takes seconds to be refused, such as a
    model without enough behind it, must not take them for every account.

    Examples
    --------
    >>> class Base:
    ...     @once
    ...     def answer(self):
    ...         print("computed")
    ...         return 42
    >>> base = Base()
    >>> base.answer, base.answer
    computed
    (42, 42)
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self.func = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn the name under which the answer is kept."""
        self._key = f"_once_{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        """Return the answer, or raise the refusal."""
        kept = instance.__dict__
        if self._key not in kept:
            try:
                kept[self._key] = self.func(instance)
            except Refused as refusal:
                kept[self._key] = refusal
        if isinstance(kept[self._key], Refused):
            raise kept[self._key].with_traceback(None)  # else each reader would add to its trace
        return kept[self._key]
