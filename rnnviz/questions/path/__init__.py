"""Question *What path does it take?*."""
