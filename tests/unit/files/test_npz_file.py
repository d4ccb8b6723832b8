"""NumPy's archives: what is written is read to the last bit; what is no such archive is refused."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.tensor_file import npz_content, read_npz, read_tensors

ARRAYS = {
    "W.1": np.arange(6.0).reshape(2, 3),
    "b": np.array([1.5, -0.0, 3e-310], "float32"),
    "none": np.zeros((0, 4)),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "vocabulary": np.array(["ä", "😀"]),
}
TEXTS = {"words": '["ä", "😀"]', "cell": "gru"}
WHOLE = npz_content(ARRAYS, TEXTS)
MOST = 1_000_000


class Program:
    def __reduce__(self):
        return os.mkdir, ("pwned",)


def packed(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(array, allow_pickle=False):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def test_numbers_and_texts_are_read_to_the_last_bit():
    numbers, texts = read_npz(WHOLE, MOST)
    assert texts == TEXTS
    assert {*numbers} == {*ARRAYS} - {"vocabulary"}
    for name, array in numbers.items():
        assert (array.dtype, array.shape) == (ARRAYS[name].dtype, ARRAYS[name].shape)
        assert array.tobytes() == ARRAYS[name].tobytes()


def test_numpy_reads_it_without_unpickling():
    with np.load(io.BytesIO(WHOLE), allow_pickle=False) as found:
        np.testing.assert_array_equal(found["W.1"], ARRAYS["W.1"])
        assert json.loads(str(found["rnnviz"])) == TEXTS


def test_arrays_without_texts_are_those_of_a_state_dict(tmp_path):
    path = tmp_path / "w.npz"
    np.savez_compressed(path, **{"fc.weight": np.ones((2, 3))})
    read = read_tensors(path)
    np.testing.assert_array_equal(read.tensors["fc.weight"], np.ones((2, 3)))
    assert read.metadata == {}


def huge(shape):
    """An array that says that it is larger than it is."""
    return npy(np.zeros((2, 3))).replace(b"(2, 3), }" + b" " * (len(shape) - 6), shape + b", }")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "another kind, or cut off"),
        (WHOLE[:-1], "another kind, or cut off"),
        (packed(a=npy(np.array([Program()]), allow_pickle=True)), "can't be read"),
        (packed(a=huge(b"(200000000000, 3)")), "can't be read"),
        (packed(a=huge(b"(-2, 3)")), "can't be read"),
        (packed(a=npy(np.ones(3))[:-1]), "can't be read"),
        (packed(a=npy(np.ones(3)) + b"more"), "can't be read"),
        (packed(a=b"\x93NUMPY\x09\x00"), "can't be read"),
        (packed(a=b""), "can't be read"),
        (packed(rnnviz=npy(np.ones(2))), "not a table of texts"),
        (packed(rnnviz=npy(np.array("[" * 10_000))), "not a table of texts"),
        (packed(rnnviz=npy(np.array('{"a": 1}'))), "not a table of texts"),
        (packed(W_hh=npy(np.ones(2)), vocabulary=npy(np.array(["a"]))), "as older files"),
        (WHOLE + bytes(MOST), "more than 1 MB"),
    ],
)
def test_what_is_no_such_archive_gets_a_sentence(content, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TransferError, match=said):
        read_npz(content, MOST)
    assert [*tmp_path.iterdir()] == []


def test_texts_of_too_many_lists_get_a_sentence():
    content = packed(rnnviz=npy(np.array("[" + "[]," * 600_000 + "[]]")))
    with pytest.raises(TransferError, match="more than 500,000 lists"):
        read_npz(content, 10 * MOST)


@pytest.mark.parametrize("header", ["{'descr': (", "-" * 9_000 + "1"])
def test_a_header_that_python_can_not_read_gets_a_sentence(header):
    part = io.BytesIO()
    part.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("W.npy", part.getvalue())
    with pytest.raises(TransferError, match=r"its array 'W\.npy' can't be read"):
        read_npz(file.getvalue(), MOST)


def test_half_a_surrogate_pair_is_no_text():
    half = np.array('{"words": "\\ud83d"}')
    file = io.BytesIO()
    np.savez(file, rnnviz=half)
    with pytest.raises(TransferError, match="is not a table of texts"):
        read_npz(file.getvalue(), MOST)


def test_other_parts_than_arrays_are_refused():
    file = io.BytesIO(WHOLE)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../evil", "x")
    with pytest.raises(TransferError, match="doesn't belong there"):
        read_npz(file.getvalue(), MOST)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(st.data())
def test_damaged_bytes_are_arrays_or_a_sentence(data):
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_npz(bytes(content), MOST)
    except TransferError as problem:
        assert str(problem)
