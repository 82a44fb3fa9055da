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

# Currency an order, at each level of service: what planning, better carriers, buffers and packaging come to.
SERVICE_COSTS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "on_time_delivery": (
        (0.80, 0.85, 0.88, 0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99),
        (0.0, 0.8, 1.8, 2.9, 4.6, 7.5, 10.0, 14.0, 21.0, 35.0, 72.0),
    ),
    "cargo_damage_frequency": ((0.970, 0.980, 0.985, 0.990, 0.993, 0.996, 0.998), (0.0, 0.4, 0.9, 2.0, 3.4, 6.5, 12.0)),
}


def assumptions_text() -> str:
    """Return the file's text."""
    lines = ["# What this provider's cost accounting says; change it to see what follows.", "", "[unit_costs]"]
    lines += [f"{name.replace(' ', '_')} = {cost:g}  # {meaning}" for name, (cost, meaning) in UNIT_COSTS.items()]
    lines += ["", "[entitlement_costs]"]
    lines += [f"{name} = {cost:g}  # {meaning}" for name, (cost, meaning) in ENTITLEMENT_COSTS.items()]
    for indicator, (levels, cost) in SERVICE_COSTS.items():
        lines += ["", f"[service_costs.{indicator}]"]
        lines += [f"levels = {list(levels)}  # shares of orders that go well", f"cost = {list(cost)}  # of an order"]
    return "\n".join(lines) + "\n"
