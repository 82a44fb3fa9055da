"""Models of purchases, renewals and what a purchase is worth, each from its likelihood."""
