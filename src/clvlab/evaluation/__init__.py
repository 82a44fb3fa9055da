"""Scores and checks shared by all models; nothing here knows a model."""
