"""The `clvlab.toml` of the market's provider: what its own cost accounting says one activity costs."""

from __future__ import annotations

from clvlab.simulate.constants import UNIT_COSTS

# Currency a year, of the provider whose market this is; no table tells them.
ENTITLEMENT_COSTS: dict[str, tuple[float, str]] = {
    "executive_visit": (1200.0, "a visit between executives"),
    "team_person": (1500.0, "a named person's share of a year"),
    "manager_hour": (80.0, "an hour of the account manager"),
    "line_7x24": (3000.0, "a line answered day and night, a year"),
    "guaranteed_percent": (15.0, "1% of an account's orders guaranteed in the peak, a year"),
    "system_interface": (2500.0, "an interface kept, a year"),
    "planning_day": (900.0, "a day of planning together"),
    "pilot_project": (3000.0, "a pilot project"),
    "growth_review": (600.0, "a review of what limits growth"),
}


def assumptions_text() -> str:
    """Return the file's text."""
    lines = ["# What this provider's cost accounting says; change it to see what follows.", "", "[unit_costs]"]
    lines += [f"{name.replace(' ', '_')} = {cost:g}  # {meaning}" for name, (cost, meaning) in UNIT_COSTS.items()]
    lines += ["", "[entitlement_costs]"]
    lines += [f"{name} = {cost:g}  # {meaning}" for name, (cost, meaning) in ENTITLEMENT_COSTS.items()]
    return "\n".join(lines) + "\n"
