"""What drives satisfaction: service felt before the answer, and gains and losses against expectation."""
