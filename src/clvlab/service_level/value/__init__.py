"""What service is worth: customer equity, orders and leaving under other levels of service."""
