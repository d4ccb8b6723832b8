"""Question *Which way does it take?*."""
