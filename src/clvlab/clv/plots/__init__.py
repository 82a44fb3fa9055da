"""Drawings of values and of checks."""
