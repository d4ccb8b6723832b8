"""Two networks that read the same words: *How does it learn?* of a pair."""
