"""Recurrent neural networks, trained from scratch in NumPy and drawn while they learn."""

__version__ = "0.1.0"
