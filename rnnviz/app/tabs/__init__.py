"""The tabs of the page *Hidden states*: each lays itself out and says how it is drawn."""
