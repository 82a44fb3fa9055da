"""Models of the hazard of leaving: Cox, discrete-time, accelerated failure time."""
