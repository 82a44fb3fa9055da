"""How satisfied customers are: gaps against expectation, how reliable the scales are, and who does not answer."""
