"""Slow evidence and speed: ``make bench`` runs everything and saves the tables to ``reports/evidence/``."""
