"""Questions: a room for each, with its measure, its pictures and its tab."""
