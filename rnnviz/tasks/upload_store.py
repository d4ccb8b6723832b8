"""UploadStore: uploads in memory, so that links can name them."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock

from rnnviz.tasks.upload import Upload


class UploadStore:
    """The latest ``most`` uploads, by random names that can't be guessed."""

    def __init__(self, most: int = 8) -> None:
        self._uploads: OrderedDict[str, Upload] = OrderedDict()
        self._most, self._lock = most, Lock()

    def put(self, upload: Upload) -> str:
        """Store an upload and return its name; equal uploads have one name."""
        with self._lock:
            for name, stored in self._uploads.items():
                if stored == upload:
                    self._uploads.move_to_end(name)
                    return name
            name = secrets.token_hex(8)
            self._uploads[name] = upload
            if len(self._uploads) > self._most:
                self._uploads.popitem(last=False)
            return name

    def get(self, name: str) -> Upload | None:
        """The upload of that name, if it is still stored."""
        with self._lock:
            return self._uploads.get(name)
