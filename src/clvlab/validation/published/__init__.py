"""Figures that papers and other packages print, computed again in seconds: each module has its inputs and sources."""
