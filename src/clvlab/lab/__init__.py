"""The analyst's bench in JupyterLab: the extension, a new notebook and its closing checks, the what-if with sliders."""

from __future__ import annotations

from clvlab.lab.closing_checks import closing_checks
from clvlab.lab.sliders import what_if

__all__ = ["closing_checks", "what_if"]
