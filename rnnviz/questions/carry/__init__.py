"""Question *What does each unit carry?*."""
