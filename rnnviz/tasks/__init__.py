"""The tasks and their data: generated, shipped with rnnviz or uploaded."""
