"""Probe: a session, and what several questions measure."""
