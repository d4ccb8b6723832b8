"""Questions asked of a trace or of weights: arrays in, small frozen records out."""
