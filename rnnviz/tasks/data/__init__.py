"""How the user's files are read: cells, columns, numbers, times and words, checked and mended."""
