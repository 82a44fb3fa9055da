"""The monthly hazard: complementary log-log regression on customer-months, read in pieces."""
