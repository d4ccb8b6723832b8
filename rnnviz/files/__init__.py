"""Files: a run, weights, results and recordings, written and read."""
