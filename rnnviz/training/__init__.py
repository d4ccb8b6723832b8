"""A run of training that can be revisited: its schedule, snapshots, edits and link."""
