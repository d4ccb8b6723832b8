"""What is drawn of a session: on the page, and in a file that replays a run."""
