"""Question *Which settings learn?*."""
