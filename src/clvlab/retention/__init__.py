"""Whom to act on: decisions built on what the models say."""
