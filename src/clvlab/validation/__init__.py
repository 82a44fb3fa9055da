"""Whether the models can be trusted: published figures, known truth, and forecasts on the provider's own records."""
