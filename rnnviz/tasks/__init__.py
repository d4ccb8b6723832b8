"""What is learned: words, phrases, and the files they come from."""
