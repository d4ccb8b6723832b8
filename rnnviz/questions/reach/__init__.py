"""Question *How far back does it reach?*."""
