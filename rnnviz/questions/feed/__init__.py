"""Question *What feeds it?*."""
