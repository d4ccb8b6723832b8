"""What leaves the page: a run's history and weights as files."""
