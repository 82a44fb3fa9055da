"""Whom to act on, by expected profit, and how to test that acting works."""
