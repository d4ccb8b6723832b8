"""The network and its training, in NumPy only: no files, clock, print or global state."""
