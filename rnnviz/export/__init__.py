"""Export the history and the weights of a run to files."""
