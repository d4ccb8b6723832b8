"""What is drawn of a session: on the page, in a notebook, and in a file that replays a run."""
