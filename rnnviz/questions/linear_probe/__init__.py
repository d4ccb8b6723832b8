"""Question *What can be read off the state?*."""
