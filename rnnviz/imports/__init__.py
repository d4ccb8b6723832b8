"""Imports: networks from elsewhere as sessions, from PyTorch or from files of weights."""
