"""The network and its training, in NumPy alone: no files, no clock, no print, no global state."""
