"""One file a page: layout and captions; nothing is computed here."""
