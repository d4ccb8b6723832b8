"""Question *What if this word were another?*."""
