"""Lessons: the files of the lessons, how they are read, measured and checked."""
