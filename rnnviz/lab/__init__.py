"""One object for each subject that the reader explores, with its inputs and its answers."""
