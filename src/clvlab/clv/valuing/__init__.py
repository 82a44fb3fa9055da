"""What customers and the base are worth: models put together, drawn from, and explained."""
