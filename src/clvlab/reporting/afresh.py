"""What a kernel that stays runs before each notebook, so that each one starts as in a new kernel."""

from __future__ import annotations

import os
import sys
import warnings

# As they stood when the kernel was new: this module is imported before the first notebook runs.
_ENVIRONMENT = dict(os.environ)
_PATH = list(sys.path)
_FILTERS = list(warnings.filters)


def start_afresh(folder: str) -> None:
    """Clear the names, figures and settings that earlier notebooks left, and stand in ``folder``.

    Imported modules stay, and with them the studies that :func:`clvlab.open_study` keeps.
    """
    from IPython import get_ipython

    get_ipython().reset()  # names, outputs, history; cells are counted from 1 again
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(_ENVIRONMENT)
    sys.path[:] = _PATH
    warnings.filters[:] = _FILTERS  # type: ignore[index]
    with warnings.catch_warnings():
        pass  # leaving it forgets which warnings were shown already
    if "matplotlib.pyplot" in sys.modules:
        from matplotlib import pyplot

        pyplot.close("all")
        pyplot.rcdefaults()
