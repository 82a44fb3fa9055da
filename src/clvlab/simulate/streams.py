"""One random stream per subject, so that one subject's draws never shift another's."""

from __future__ import annotations

import numpy as np

# New subjects go to the end: the order fixes each subject's stream.
SUBJECTS = (
    "customers", "names", "network", "service", "price", "rivals", "orders", "service outcome", "voice",
    "contacts", "leaving", "campaign", "shipments", "complaints", "surveys", "invoices", "contracts", "leads",
    "kpis", "faults", "profile", "future", "levers",
)  # fmt: skip


def streams(seed: int) -> dict[str, np.random.Generator]:
    """A generator for each subject, all from one seed."""
    children = np.random.SeedSequence(seed).spawn(len(SUBJECTS))
    return {name: np.random.default_rng(child) for name, child in zip(SUBJECTS, children, strict=True)}
