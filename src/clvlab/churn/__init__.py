"""Who leaves, when and why: survival analysis of spells."""
