"""Whether the customer file can be trusted: stale and contradicted profiles, gaps, who owns which account."""

from clvlab.features.customer_file.contradictions import profile_contradictions
from clvlab.features.customer_file.managers import accounts_by_manager
from clvlab.features.customer_file.missing import missing_fields
from clvlab.features.customer_file.stale import profile_age, stale_profiles

__all__ = ["accounts_by_manager", "missing_fields", "profile_age", "profile_contradictions", "stale_profiles"]
