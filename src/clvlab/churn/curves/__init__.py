"""Estimates that assume no shape: survival curves, incidences by cause, restricted means, log-rank tests."""
