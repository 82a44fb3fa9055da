"""The service level that pays: what service is worth, what it costs, and where a budget earns most."""
