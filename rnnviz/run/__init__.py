"""A training run that can be replayed: schedule, snapshots, weight edits and share link."""
