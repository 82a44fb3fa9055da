"""How far models and values can be trusted: backtests, hindsight, tracking."""
