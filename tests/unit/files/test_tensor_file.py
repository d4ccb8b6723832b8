"""Files of tensors: what is written is read, by others too; what is damaged gets a sentence."""

import io
import json
import math
import os
import sys
import time
import zipfile
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnnviz.config import RunConfig
from rnnviz.files import tensor_file
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.run_file import run_file
from rnnviz.files.tensor_file import (
    MAX_HEADER,
    TensorFile,
    npz_content,
    read_npz,
    read_tensors,
    tensors_of,
)
from rnnviz.probe.session import Session

ARRAYS = {
    "W": np.arange(6.0).reshape(2, 3),
    "b": np.array([1.5, -0.0, 3e-310], "float32"),
    "none": np.zeros((0, 4)),
    "a number": np.array(2.0),
}
METADATA = {"words": '["ä", "😀"]', "cell": "gru"}
WHOLE = TensorFile(ARRAYS, METADATA).content()


def file_of(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    count = len(text) if length is None else length
    return count.to_bytes(8, "little") + text + data


def entry(dtype="F64", shape=(1,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def same(found, given):
    assert {*found} == {*given}
    for name, array in given.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_what_is_written_is_read_to_the_last_bit():
    read = TensorFile.of(WHOLE)
    same(read.tensors, ARRAYS)
    assert read.metadata == METADATA


def test_a_view_and_another_order_of_bytes_are_written_as_what_they_say():
    wide = np.arange(12.0).reshape(3, 4)
    given = {"view": wide.T[1:], "big": wide.astype(">f8")}
    same(TensorFile.of(TensorFile(given).content()).tensors, {
        "view": np.ascontiguousarray(wide.T[1:]), "big": wide,
    })  # fmt: skip


def test_the_library_of_the_format_reads_it_and_is_read():
    library = pytest.importorskip("safetensors.numpy")
    same(library.load(WHOLE), ARRAYS)
    read = TensorFile.of(library.save(ARRAYS, METADATA))
    same(read.tensors, ARRAYS)
    assert read.metadata == METADATA


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no safetensors file, or a part of one"),
        (b"1234567", "no safetensors file, or a part of one"),
        (file_of({}, length=MAX_HEADER + 1), "no safetensors file, or a part of one"),
        (b"\xff" * 8, "its header would have 18,446,744,073,709,551,615 bytes"),
        (file_of(b"{"), "can't be read as JSON"),
        (file_of(b"\xff\xfe"), "can't be read as JSON"),
        (file_of(b"[" * 200_000), "can't be read as JSON"),
        (file_of(b"9" * 5_000), "can't be read as JSON"),
        (file_of(b"[" + b"{}," * 600_000 + b"[]]"), "more than 200,000 lists"),
        (file_of(b'{"a": {}, "a": {}}'), "can't be read as JSON"),
        (file_of([]), "is not a table"),
        (file_of({"a": 3}), "has no dtype"),
        (file_of({"a": {}}), "has no shape"),
        (file_of({"a": entry(shape=(-1,))}), "has no shape"),
        (file_of({"a": entry(shape=(1.0,))}), "has no shape"),
        (file_of({"a": entry(shape=(True,))}), "has no shape"),
        (file_of(b'{"a": {"shape": [1e0], "data_offsets": [0, 8.0]}}'), "has no shape"),
        (file_of({"a": entry(shape=(1,) * 9)}), "has no shape"),
        (file_of({"a": entry(shape=(10**30,))}), "has no shape"),
        (file_of({"a": entry(offsets=(0, 8, 9))}), "has no shape"),
        (file_of({"a": entry("BF16")}), "has the dtype 'BF16'"),
        (file_of({"a": entry(["F64"])}), "has the dtype"),
        (file_of({"a": entry()}), "8 bytes, and 0 follow"),
        (file_of({"a": entry()}, bytes(9)), "8 bytes, and 9 follow"),
        (file_of({"a": entry(shape=(2,))}, bytes(8)), "needs 16 bytes"),
        (file_of({"a": entry(offsets=(8, 0))}, bytes(8)), "needs 8 bytes"),
        (file_of({"a": entry(), "b": entry()}, bytes(8)), "needs 8 bytes from 8 on"),
        (file_of({"a": entry(offsets=(8, 16))}, bytes(16)), "from 0 on"),
        (file_of({"__metadata__": {"a": 1}}), "not a table of texts"),
        (file_of({"__metadata__": "a"}), "not a table of texts"),
        (file_of({"__metadata__": {"a": 1.5}}), "not a table of texts"),
    ],
)
def test_what_is_damaged_gets_a_sentence(content, said):
    with pytest.raises(TransferError, match=said) as refusal:
        TensorFile.of(content)
    assert str(refusal.value).endswith(".")


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_that_is_cut_off_gets_a_sentence(length):
    with pytest.raises(TransferError):
        TensorFile.of(WHOLE[:length])


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_another_byte_anywhere_gives_arrays_or_a_sentence(index, byte):
    content = bytearray(WHOLE)
    content[index] = byte
    try:
        TensorFile.of(bytes(content))
    except TransferError as problem:
        assert str(problem).endswith(".")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.text(max_size=4) | st.just("__metadata__"),
        st.fixed_dictionaries({"dtype": _JSON, "shape": _JSON, "data_offsets": _JSON})
        | st.builds(
            entry,
            st.sampled_from(["F64", "F32", "I8"]),
            st.lists(st.integers(-1, 3), max_size=3),
            st.lists(st.integers(-1, 20), min_size=2, max_size=2),
        )
        | _JSON,
        max_size=3,
    ),
    st.binary(max_size=40),
)  # fmt: skip
def test_any_header_gives_arrays_or_a_sentence(header, data):
    try:
        read = TensorFile.of(file_of(header, data))
    except TransferError as problem:
        assert str(problem).endswith(".")
    else:
        assert sum(array.nbytes for array in read.tensors.values()) == len(data)


def test_a_header_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(tensor_file, "MAX_HEADER", 10)
    text = b'{"__metadata__": {}}'
    with pytest.raises(TransferError, match="its header has more than"):
        TensorFile.of(len(text).to_bytes(8, "little") + text)


def test_no_fraction_in_a_header_is_computed():
    """Those halfway between two floats would take ten times as long as others."""
    with localcontext() as digits:
        digits.prec = 800
        halfway = str(Decimal(1.37 * sys.float_info.min) + Decimal(math.ulp(0.0)) / 2)
    usual = f"1.{halfway[2:-5].replace('.', '')}e-308"

    def seconds(number):
        before = time.thread_time()
        with pytest.raises(TransferError, match="is not a table"):
            TensorFile.of(file_of(f"[{','.join([number] * 6_000)}]".encode()))
        return time.thread_time() - before

    assert min(seconds(halfway) for _ in range(3)) < 4 * min(seconds(usual) for _ in range(3))


def test_half_a_surrogate_pair_is_no_text():
    text = b'{"__metadata__": {"vocabulary": "\\ud83d"}}'
    with pytest.raises(TransferError, match="can't be read as JSON"):
        TensorFile.of(len(text).to_bytes(8, "little") + text)


# Files


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.bin", "net.ckpt", "net.pkl", "NET.PT"])
def test_a_pickle_is_not_opened_and_how_to_save_it_is_said(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\x80\x02" + WHOLE)
    with pytest.raises(TransferError, match="holds a pickle") as refusal:
        read_tensors(path)
    path.write_bytes(WHOLE)
    assert read_tensors(path).tensors, "what is in it decides, not its name"
    assert "save_file(model.state_dict(), 'weights.safetensors')" in str(refusal.value)


@pytest.mark.parametrize("name", ["table.xlsx", "letter.docx", "all.ZIP"])
def test_a_table_that_is_a_zip_is_sent_to_own_data(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(TransferError, match="Use your own data"):
        read_tensors(path)


def test_a_pickle_by_another_name_is_known_too(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "net.safetensors"
    for zipped in (True, False):
        torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=zipped)
        with pytest.raises(TransferError, match="holds a pickle"):
            read_tensors(path)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_header_whose_length_begins_like_a_pickle_is_none(tmp_path, protocol):
    path = tmp_path / "net.safetensors"
    content = TensorFile(ARRAYS).content()
    data = content[8 + int.from_bytes(content[:8], "little") :]
    header = content[8 : -len(data)].ljust(protocol * 256 + 128)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    assert path.read_bytes().startswith(bytes([0x80, protocol]))
    same(read_tensors(path).tensors, ARRAYS)


def test_what_can_not_be_read_is_said(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(TransferError, match="can't be read"):
            read_tensors(path)


# NumPy's archives: what is written is read to the last bit; what is no such archive is refused


NPZ_ARRAYS = {
    "W.1": np.arange(6.0).reshape(2, 3),
    "b": np.array([1.5, -0.0, 3e-310], "float32"),
    "none": np.zeros((0, 4)),
    "turned": np.arange(6.0).reshape(2, 3).T,
    "vocabulary": np.array(["ä", "😀"]),
}
NPZ_TEXTS = {"words": '["ä", "😀"]', "cell": "gru"}
NPZ = npz_content(NPZ_ARRAYS, NPZ_TEXTS)
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
    numbers, texts = read_npz(NPZ, MOST)
    assert texts == NPZ_TEXTS
    assert {*numbers} == {*NPZ_ARRAYS} - {"vocabulary"}
    for name, array in numbers.items():
        assert (array.dtype, array.shape) == (NPZ_ARRAYS[name].dtype, NPZ_ARRAYS[name].shape)
        assert array.tobytes() == NPZ_ARRAYS[name].tobytes()


def test_numpy_reads_it_without_unpickling():
    with np.load(io.BytesIO(NPZ), allow_pickle=False) as found:
        np.testing.assert_array_equal(found["W.1"], NPZ_ARRAYS["W.1"])
        assert json.loads(str(found["rnnviz"])) == NPZ_TEXTS


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
        (NPZ[:-1], "another kind, or cut off"),
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
        (packed(W_hh=npy(np.ones(2)), vocabulary=npy(np.array(["a"]))), "like older files"),
        (NPZ + bytes(MOST), "more than 1 MB"),
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


def test_a_run_under_another_name_is_told_from_a_pickle():
    content = run_file(Session(RunConfig(hidden=3)))
    with pytest.raises(TransferError, match="a run of rnnviz: give it a name that ends in"):
        tensors_of(content, "plainname")


def test_long_headers_are_not_read():
    """Of 1,900 tables with 600 columns each, NumPy would need seconds for the headers."""
    fields = ",".join(f"('f{k}','<f8')" for k in range(600))
    header = f"{{'descr': [{fields}], 'fortran_order': False, 'shape': (), }}\n".encode()
    content, made = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header, io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(1_900):
            archive.writestr(f"a{k}.npy", content + bytes(4_800))
    began = time.process_time()
    with pytest.raises(TransferError, match="it is damaged"):
        read_npz(made.getvalue(), 10**8)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("header", ["{'descr': (", "-" * 9_000 + "1"])
def test_a_header_that_python_can_not_read_gets_a_sentence(header):
    part = io.BytesIO()
    part.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("W.npy", part.getvalue())
    with pytest.raises(TransferError, match=r"its array 'W\.npy' can't be read"):
        read_npz(file.getvalue(), MOST)


def test_half_a_surrogate_pair_in_an_npz_is_no_text():
    half = np.array('{"words": "\\ud83d"}')
    file = io.BytesIO()
    np.savez(file, rnnviz=half)
    with pytest.raises(TransferError, match="is not a table of texts"):
        read_npz(file.getvalue(), MOST)


def test_other_parts_than_arrays_are_refused():
    file = io.BytesIO(NPZ)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../evil", "x")
    with pytest.raises(TransferError, match="doesn't belong there"):
        read_npz(file.getvalue(), MOST)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(st.data())
def test_damaged_bytes_are_arrays_or_a_sentence(data):
    content = bytearray(NPZ)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_npz(bytes(content), MOST)
    except TransferError as problem:
        assert str(problem)
