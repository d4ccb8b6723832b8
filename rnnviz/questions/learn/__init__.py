"""Question *How does it learn?*."""
