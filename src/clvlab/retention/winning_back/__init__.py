"""Lost accounts worth winning back."""
