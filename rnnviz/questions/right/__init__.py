"""Question *Is it right?*."""
