"""Whether somebody sits before the notebook, or a report, a test or a script runs it."""

from __future__ import annotations

import os

# Jupyter's server names the notebook to each kernel that it starts for a person.
SESSION_VARIABLE = "JPY_SESSION_NAME"


def is_interactive() -> bool:
    """Return whether this kernel was started from JupyterLab (or another client of Jupyter's server)."""
    return SESSION_VARIABLE in os.environ
