"""One object per subject of the page, with its inputs and cached results."""
