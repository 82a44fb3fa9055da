"""The indicators of the four-dimension scorecard, one file per dimension."""
