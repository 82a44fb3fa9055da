"""Whether tiers predict anything and entitlements change anything."""
