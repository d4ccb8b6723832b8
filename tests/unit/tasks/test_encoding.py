"""Texts in other encodings than UTF-8."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.csv_table import Encoding, EncodingError, TaskError, decode
from tests.sampling import each_row

TEXT = "text,label\nsehr schön,gut\närger,übel\n"


@each_row("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_utf_8_and_what_the_first_bytes_say_is_read_at_once(codec):
    mark = b"\xfe\xff" if codec == "utf-16-be" else b""
    for encoding in (None, Encoding.WINDOWS_1251):
        assert decode(mark + TEXT.encode(codec), "a.csv", encoding) == TEXT


@each_row("encoding", [e for e in Encoding if e not in ("windows-1251", "shift-jis", "gb18030")])
def test_else_the_encoding_is_chosen_by_how_it_reads(encoding):
    with pytest.raises(EncodingError, match="line") as problem:
        decode(TEXT.encode(encoding), "a.csv")
    samples = problem.value.samples
    right = [one for one, sample in samples.items() if sample.startswith("sehr schön,gut")]
    assert right
    assert len(samples) <= 5
    assert decode(TEXT.encode(encoding), "a.csv", right[0]) == TEXT


@each_row(
    ("text", "encoding"),
    [("Это тёплый день", "windows-1251"), ("今日は暖かい", "shift-jis"), ("今天很暖和", "gb18030")],
)
def test_other_scripts_are_among_the_choices(text, encoding):
    with pytest.raises(EncodingError) as problem:
        decode(text.encode(encoding), "a.txt")
    assert problem.value.samples[Encoding(encoding)] == text


def test_equal_readings_are_offered_once_and_a_wrong_choice_gets_a_sentence():
    content = "schön".encode("windows-1252")
    with pytest.raises(EncodingError) as problem:
        decode(content, "a.txt")
    readings = [*problem.value.samples.values()]
    assert len({*readings}) == len(readings)
    assert Encoding.WINDOWS_1250 not in problem.value.samples
    with pytest.raises(EncodingError, match=r"^a.txt: can't be read as utf-16-le. Choose another"):
        decode(content, "a.txt", Encoding.UTF_16_LE)


@each_row(
    ("content", "said"),
    [
        (b"a\nb\0c", "is not text, it has a zero byte in line 2. Save it as text in UTF-8."),
        (b"\x00\x01\x02\xff\x7f", "a.csv: is not UTF-8 text, see line 1. Save it"),
        (b"\xff\xfea", "a.csv: is not UTF-16 text"),
        (bytes(range(256)) * 9, "a.csv: is not UTF-8 text"),
    ],
)
def test_what_is_no_text_gets_a_sentence_and_no_choice(content, said):
    with pytest.raises(TaskError) as problem:
        decode(content, "a.csv")
    assert said in str(problem.value)
    assert not isinstance(problem.value, EncodingError)


@given(st.binary(max_size=200), st.none() | st.sampled_from(Encoding))
def test_any_bytes_are_a_text_or_refused(content, encoding):
    try:
        text = decode(content, "a.csv", encoding)
    except EncodingError as problem:
        for one in problem.samples:
            assert "\0" not in decode(content, "a.csv", one)
    except TaskError as problem:
        assert str(problem).startswith("a.csv")
    else:
        assert "\0" not in text


def test_what_stands_around_the_first_letter_is_found_at_once():
    """However long the text is, and however many encodings fit."""
    before = time.process_time()
    with pytest.raises(EncodingError) as found:
        decode(b" " * 4_000_000 + b"caf\xe9 au lait", "a.csv")
    assert found.value.samples[Encoding.WINDOWS_1252] == "caf\xe9 au lait"
    assert time.process_time() - before < 5
