"""The customer-month panel: what was known of each customer when each month opened."""

from clvlab.features.panel.network import partners
from clvlab.features.panel.panel import Panel, panel, panel_ahead, panel_and_ahead

__all__ = ["Panel", "panel", "panel_ahead", "panel_and_ahead", "partners"]
