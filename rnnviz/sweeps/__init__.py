"""Sweeps: many runs, each in a worker process."""
