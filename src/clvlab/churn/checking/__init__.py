"""Whether a model holds: out of time, at landmarks, and free of what was known only later."""
