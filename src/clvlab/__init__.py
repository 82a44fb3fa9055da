"""clvlab: a customer lab for logistics providers, from their own records to the decision."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clvlab.study import Study, open_study

__all__ = ["Study", "__version__", "open_study"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the study only when asked for, so that ``import clvlab`` and the command line start at once."""
    if name in {"Study", "open_study"}:
        from clvlab import study

        return getattr(study, name)
    raise AttributeError(f"module 'clvlab' has no attribute {name!r}")
