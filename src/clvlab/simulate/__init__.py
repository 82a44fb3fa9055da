"""A third-party-logistics market generated with known truth, in the same tables as real records."""

from clvlab.simulate.market import Market, simulate

__all__ = ["Market", "simulate"]
