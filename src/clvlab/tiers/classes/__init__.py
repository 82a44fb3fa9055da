"""Classes by one rule each: a label per customer with the rule and its numbers spelled out."""
