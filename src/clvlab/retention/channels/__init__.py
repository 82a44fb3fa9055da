"""What each channel of contact costs, and what went with it."""
