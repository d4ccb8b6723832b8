"""A file that is opened, of any kind: a run, a recording, or weights."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePath

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.recording import StoredRecording
from rnnviz.files.recording_file import is_recording
from rnnviz.files.run_archive import MAX_RUN
from rnnviz.files.run_reader import run_of
from rnnviz.files.tensor_file import tensors_of
from rnnviz.files.weights_reader import Known, network_in
from rnnviz.probe.session import Session
from rnnviz.tasks.upload import Upload
from rnnviz.tasks.upload_store import UploadStore

#: How the name of a run, or of a recording, ends; and that of any file that is opened.
RUN_ENDS = (".rnnviz", ".zip")
OPENS = (*RUN_ENDS, ".npz", ".safetensors")


def session_of(
    content: bytes, name: str, upload: Upload | None = None, store: UploadStore | None = None
) -> Session:
    """The session in a file's content; raises TransferError or TaskError, with a sentence.

    ``upload`` are data that a run may have learned from without having them.
    """
    if len(content) > MAX_RUN:
        raise TransferError(f"{name[:60]}: the file has more than {MAX_RUN // 1_000_000} MB.")
    if is_run(name) and is_recording(BytesIO(content)):
        return StoredRecording(name, None, content).session()
    if is_run(name):
        return run_of(content, name, upload).session(store)
    return network_in(tensors_of(content, name, MAX_RUN), name, Known()).session()


def is_run(name: str) -> bool:
    """Whether a file of that name holds a run."""
    return PurePath(name).suffix.lower() in RUN_ENDS
