"""TensorFile: named arrays as safetensors or .npz, read and written without unpickling.

A file of safetensors is: the length of the header (uint64, little-endian) | header (JSON) | bytes
of the arrays. The header has dtype, shape and offsets of every array by name, and texts under
``__metadata__``.
"""

from __future__ import annotations

import gc
import json
import math
import tokenize
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import orjson
from numpy.lib import format as npy

from rnnviz.config import brief
from rnnviz.engine.layer_buffers import Array
from rnnviz.files.bounds import check_size, members_of
from rnnviz.files.foreign_network import TransferError, problems_of
from rnnviz.tasks.data.csv_table import name_of

#: The array with the texts; no weight has this name.
_TEXTS = "rnnviz"
#: The most bytes of the array of texts.
_MOST_TEXTS = 20_000_000
#: The errors of NumPy for an invalid header.
_UNREADABLE = (
    ValueError, KeyError, TypeError, SyntaxError, EOFError, OverflowError, RecursionError,
    MemoryError, tokenize.TokenError,
)  # fmt: skip
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def npz_content(arrays: Mapping[str, Any], texts: Mapping[str, str]) -> bytes:
    """An .npz file of arrays by name, and of texts by name in one array."""
    file = BytesIO()
    described: dict[str, Any] = {_TEXTS: np.array(json.dumps(dict(texts)))}
    np.savez(file, **arrays, **described)
    return file.getvalue()


def read_npz(content: bytes, most: int) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of numbers, and the texts, of a file of at most ``most`` bytes.

    Raises TransferError, with a lower-case sentence.
    """
    members = members_of(content, most, lambda name: name.endswith(".npy"))
    arrays = {name.removesuffix(".npy"): _array(name, part) for name, part in members.items()}
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    if _TEXTS not in arrays:
        if "vocabulary" in arrays:
            raise TransferError(
                "it has the weights alone, without cell and settings, like older files of rnnviz. "
                "Write them again."
            )
        return numbers, {}
    numbers.pop(_TEXTS, None)
    told = arrays[_TEXTS]
    is_text = told.dtype.kind == "U" and not told.ndim and told.nbytes <= _MOST_TEXTS
    text = str(told).encode(errors="replace") if is_text else b""
    texts = parsed(text, dict)
    if texts is None or not _are_texts(texts):
        raise TransferError("its description of the weights is not a table of texts.")
    return numbers, texts


def parsed(text: bytes, kind: type) -> Any:
    """The value of a JSON text; None if it is invalid or not a ``kind``.

    Raises TransferError for a text that is too large.
    """
    check_size(text)
    # The garbage collector would go through all lists again and again: three times as long.
    collects = gc.isenabled()
    gc.disable()
    try:
        with suppress(ValueError):
            value = orjson.loads(text)
            return value if isinstance(value, kind) else None
    finally:
        if collects:
            gc.enable()
    return None


def content_at(path: Path, most: int) -> bytes:
    """The content of a file, or its first ``most`` + 1 bytes; raises TransferError."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as problem:
        raise TransferError(f"{path}: can't be read ({problem.strerror}).") from None


def _are_texts(table: Any) -> bool:
    return isinstance(table, dict) and all(isinstance(text, str) for text in table.values())


def _array(name: str, part: bytes) -> Array:
    """One array; its header is checked before memory is allocated."""
    file, why = BytesIO(part), ": it is damaged"
    try:
        # NumPy is slow on longer headers, which tables have.
        if b"\n" not in part[:MOST_OF_A_HEADER]:
            raise ValueError
        shape, _, dtype = _HEADERS[npy.read_magic(file)](file)
        needed = math.prod(shape) * dtype.itemsize
        if dtype.hasobject:
            why = " without running a program in it"
        if not dtype.hasobject and needed == len(part) - file.tell():
            found: Array = np.load(BytesIO(part), allow_pickle=False)
            return found
    except _UNREADABLE:
        pass
    raise TransferError(f"its array {name[:60]!r} can't be read{why}.")


#: The longest header of an array in an .npz, in bytes.
MOST_OF_A_HEADER = 512


# safetensors

#: The largest header and file, in bytes. A header takes many times as much memory.
MAX_HEADER, MAX_FILE = 10_000_000, 100_000_000
#: The most lists, tables and keys in a header: those of some 30,000 tensors.
MAX_HEADER_PARTS = 200_000
_METADATA = "__metadata__"
_DTYPES: dict[str, np.dtype[Any]] = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4")}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_PICKLED = (
    "save it with safetensors.torch.save_file(model.state_dict(), 'weights.safetensors') in "
    "PyTorch. This is not a safetensors file: a .pt file holds a pickle, which can run any program "
    "when it is read, so it is not opened."
)
#: The first bytes of files of torch.save and pickle.
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
#: How the file of a run begins, within so many bytes.
_ZIP, _NAMES_AT = b"PK\x03\x04", 64
_RUN = "this is a run of rnnviz: give it a name that ends in .rnnviz."
_OTHER = (
    "this is neither a run nor weights: those end in .rnnviz, .safetensors or .npz. A table or a "
    'text to learn from belongs to "Use your own data" on the page, or to rnnviz train --train.'
)
#: Files of words and tables that are zips, too.
_TABLE_ENDS = (".xlsx", ".docx", ".ods", ".odt", ".pptx", ".zip")
_PICKLE_ENDS = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")


@dataclass(frozen=True, eq=False)
class TensorFile:
    """Arrays by name, and texts by name."""

    tensors: Mapping[str, Array]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The file as safetensors; the arrays are float64 or float32."""
        header: dict[str, Any] = {_METADATA: dict(self.metadata)} if self.metadata else {}
        parts, start = [], 0
        for name, array in self.tensors.items():
            part = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            end = start + part.nbytes
            header[name] = {
                "dtype": _NAMES[part.dtype], "shape": [*array.shape], "data_offsets": [start, end]
            }  # fmt: skip
            parts.append(part.tobytes())
            start = end
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)  # so that the arrays are aligned
        return b"".join((len(text).to_bytes(8, "little"), text, *parts))

    @classmethod
    def of(cls, content: bytes) -> TensorFile:
        """Read a file's content; raises TransferError, with a lower-case sentence."""
        header, start = _header(content)
        metadata = header.pop(_METADATA, {})
        if not _are_texts(metadata):
            raise TransferError(f"{_METADATA} is not a table of texts.")
        places = {name: _place(name, entry) for name, entry in header.items()}
        reached = 0
        for name, (dtype, shape, begin, end) in sorted(places.items(), key=lambda one: one[1][2:]):
            needed = math.prod(shape) * dtype.itemsize
            if begin != reached or end - begin != needed:
                raise TransferError(
                    f"{name[:60]!r} needs {needed:,} bytes from {reached:,} on, and the header "
                    f"gives it {begin:,} to {end:,}."
                )
            reached = end
        if (size := len(content) - start) != reached:
            raise TransferError(
                f"the arrays have {reached:,} bytes, and {size:,} follow the header: the file is "
                "cut off, or there is more than it says."
            )
        tensors = {
            name: np.frombuffer(content, dtype, math.prod(shape), start + begin).reshape(shape)
            for name, (dtype, shape, begin, _) in places.items()
        }
        return cls({n: a.astype(a.dtype.newbyteorder("=")) for n, a in tensors.items()}, metadata)


def read_tensors(path: Path) -> TensorFile:
    """Read a .safetensors or .npz file; raises TransferError, beginning with the file's name."""
    return tensors_of(content_at(path, MAX_FILE), name_of(path))


def tensors_of(content: bytes, name: str, most: int = MAX_FILE) -> TensorFile:
    """Read the content of a file of at most ``most`` unpacked bytes; its name tells the format.

    Raises TransferError.
    """
    end = PurePath(name).suffix.lower()
    # After the length, a header in JSON begins.
    headed = content[8:9] == b"{"
    with problems_of(name[:60]):
        # An archive of NumPy begins like one of PyTorch.
        if end == ".npz":
            return TensorFile(*read_npz(content, most))
        if end in _TABLE_ENDS:
            raise TransferError(_OTHER)
        if content.startswith(_ZIP) and b"run.json" in content[:_NAMES_AT]:
            raise TransferError(_RUN)
        if (end in _PICKLE_ENDS or content.startswith(_PICKLES)) and not headed:
            raise TransferError(_PICKLED)
        if len(content) > most:
            raise TransferError(f"the file has more than {most // 1_000_000} MB.")
        if end != ".safetensors" and not headed:
            raise TransferError(_OTHER)
        return TensorFile.of(content)


def _header(content: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the bytes of the arrays begin."""
    length = int.from_bytes(content[:8], "little")
    if MAX_HEADER < length <= len(content) - 8:
        raise TransferError(f"its header has more than {MAX_HEADER // 1_000_000} MB.")
    if len(content) < 8 or length > len(content) - 8:
        raise TransferError(
            f"this is no safetensors file, or a part of one: its header would have {length:,} "
            f"bytes, and the file has {len(content):,}."
        )
    text = content[8 : 8 + length]
    check_size(text, MAX_HEADER_PARTS)
    try:
        # No fraction is valid in it, so none is computed: some take long.
        header = json.loads(text.decode(), object_pairs_hook=_distinct, parse_float=lambda _: None)
    except (ValueError, RecursionError):
        raise TransferError("the header of the file can't be read as JSON.") from None
    if not isinstance(header, dict):
        raise TransferError("the header of the file is not a table.")
    return header, 8 + length


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table with distinct names whose texts can be encoded again; raises ValueError."""
    table = dict(pairs)
    for text in chain.from_iterable(pairs):
        if isinstance(text, str):
            text.encode()  # Half a surrogate pair raises ValueError.
    if len(table) < len(pairs):
        raise ValueError("a name occurs twice")
    return table


def _place(name: str, entry: Any) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    """The dtype and shape of an array, the position of its first byte, and its end."""
    shown = repr(name[:60])
    if not isinstance(entry, dict):
        raise TransferError(f"{shown} has no dtype, shape and data_offsets.")
    facts: list[Any] = [entry.get(fact) for fact in ("dtype", "shape", "data_offsets")]
    kind, shape, offsets = facts
    if not (_are_counts(shape) and _are_counts(offsets) and len(offsets) == 2):
        wanted = "shape of at most 8 whole numbers, or not two data_offsets"
        raise TransferError(f"{shown} has no {wanted}.")
    if not isinstance(kind, str) or kind not in _DTYPES:
        raise TransferError(
            f"{shown} has the dtype {brief(kind, 20)!r}: only F32 and F64 can be read. Convert the "
            "module with .float() before it is saved, and leave out whole numbers."
        )
    return _DTYPES[kind], tuple(shape), offsets[0], offsets[1]


def _are_counts(values: Any) -> bool:
    """Whether it is a short list of integers from 0 on."""
    if not isinstance(values, list) or len(values) > 8:
        return False
    return all(type(value) is int and 0 <= value <= MAX_FILE for value in values)
