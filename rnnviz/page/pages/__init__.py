"""One file per page: layout and captions; nothing is computed here."""
