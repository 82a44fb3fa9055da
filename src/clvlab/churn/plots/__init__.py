"""Figures of churn."""
