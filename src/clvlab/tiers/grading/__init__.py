"""Scores and tiers: indicators, weights, scales, cuts, and how far each can be trusted."""
