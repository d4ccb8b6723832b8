"""What a JSON text may hold: no thread runs while it is read."""

import gc

import pytest

from rnnviz.files.bounds import check_size
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.tensor_file import parsed
from tests.sampling import each_row


def listed(item, count):
    return b"[%s]" % b",".join([item] * count)


@each_row(
    ("text", "said"),
    [
        (listed(b"1", 5_000_000), "more than 1,500,000 values"),
        (listed(b"1e9", 1_600_000), "more than 1,500,000 values"),
        (listed(b'"a"', 1_600_000), "more than 1,500,000 values"),
        (listed(b"[]", 510_000), "more than 500,000 lists and keys"),
        (listed(b'{"a":1}', 260_000), "more than 500,000 lists and keys"),
    ],
)
def test_a_text_that_would_stop_all_else_for_long_is_not_read(text, said):
    with pytest.raises(TransferError, match=said):
        check_size(text)


@each_row("text", [listed(b"-0.25", 1_400_000), listed(b"[1,2,3]", 480_000), b"", b"{}"])
def test_as_many_numbers_as_a_large_set_of_examples_has_are_read(text):
    check_size(text)


def test_while_a_text_is_parsed_no_garbage_is_collected():
    collections = []
    gc.callbacks.append(lambda phase, info: collections.append(phase))
    try:
        assert len(parsed(listed(b"[1]", 100_000), list)) == 100_000
    finally:
        gc.callbacks.pop()
    assert len(collections) < 10
    assert gc.isenabled()
