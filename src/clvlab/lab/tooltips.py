"""What Shift-Tab tells of a stage: what it answers and gives, without computing it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any, get_type_hints

from IPython.core.interactiveshell import InteractiveShell

from clvlab.once import once


def found_without_computing(owner: object, name: str) -> object:
    """Return what a tooltip describes: an attribute, or what stands for a stage that is computed when asked for.

    IPython leaves properties as they are when it looks something up, and computes cached ones: a tooltip would take as
    long as the model, and where the model refuses it would stay blank.

    Examples
    --------
    >>> class Analysis:
    ...     @cached_property
    ...     def table(self):
    ...         "What there is, as a table."
    ...         raise AssertionError("computed")
    >>> found_without_computing(Analysis(), "table").__doc__
    'What there is, as a table.'
    """
    described = inspect.getattr_static(type(owner), name, None)
    if isinstance(described, once) or (isinstance(described, cached_property) and name not in vars(owner)):
        return _stand_in(described.func)
    if isinstance(described, property) and described.fget:
        return _stand_in(described.fget)
    return InteractiveShell._getattr_property(owner, name)


def _stand_in(stage: Callable[..., Any]) -> object:
    """Return an object that has the stage's docstring and that of the class it gives."""
    given = _given(stage)
    texts = [inspect.getdoc(stage), f"Gives {given.__name__}.", inspect.getdoc(given)] if given else [stage.__doc__]
    members = {
        "__doc__": "\n\n".join(text for text in texts if text),
        "__module__": stage.__module__,
        "__repr__": lambda _: "computed when asked for",
    }
    return type(given.__name__ if given else "stage", (), members)()


def _given(stage: Callable[..., Any]) -> type | None:
    """Return the class of this package that a stage gives; None when its annotation names no such class."""
    try:
        given = get_type_hints(stage).get("return")
    except NameError:  # imported for type checkers only
        return None
    return given if isinstance(given, type) and given.__module__.startswith("clvlab.") else None
