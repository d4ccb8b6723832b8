"""Question *Where is it wrong?*."""
