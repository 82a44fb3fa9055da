"""What each tier is entitled to, what it gets, what that costs, and whom to invest in, fix or let go."""
