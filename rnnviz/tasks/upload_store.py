"""UploadStore: the reader's own data, kept while the server runs."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock

from rnnviz.tasks.upload import Upload


class UploadStore:
    """The latest uploads under names that nobody can guess; at most ``most`` of them."""

    def __init__(self, most: int = 8) -> None:
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._most, self._lock = most, Lock()

    def put(self, upload: Upload) -> str:
        """Keep an upload, and return the name under which it is found again."""
        with self._lock:
            for name, kept in self._uploads.items():
                if kept == upload:
                    self._uploads.move_to_end(name)
                    return name
            name = secrets.token_hex(8)
            self._uploads[name] = upload
            if len(self._uploads) > self._most:
                self._uploads.popitem(last=False)
            return name

    def get(self, name: str) -> Upload | None:
        """The upload of that name, if it is still kept."""
        with self._lock:
            return self._uploads.get(name)
