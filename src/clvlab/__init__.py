"""clvlab: a customer lab for logistics providers, from their own records to the decision."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from clvlab.opening import open_study
    from clvlab.study import Study

__all__ = ["Study", "__version__", "open_study"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the study only when asked for, so that ``import clvlab`` and the command line start at once."""
    if name == "open_study":
        from clvlab.opening import open_study

        return open_study
    if name == "Study":
        from clvlab.study import Study

        return Study
    raise AttributeError(f"module 'clvlab' has no attribute {name!r}")


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Make a notebook the analyst's bench: what ``%load_ext clvlab`` runs (see :mod:`clvlab.lab.extension`)."""
    from clvlab.lab.extension import load

    load(shell)
