"""Question *What breaks it?*."""
