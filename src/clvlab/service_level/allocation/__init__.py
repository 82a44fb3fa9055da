"""Where a service budget earns most: the plan, what more budget and each constraint are worth, and its rivals."""
