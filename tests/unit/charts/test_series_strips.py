"""The curves of one's own numbers, before they are learned."""

import re
from base64 import b64decode

import numpy as np

from rnnviz.charts.series_strips import strips_html
from rnnviz.charts.theme import LIGHT
from rnnviz.tasks.upload import File, Upload, dataset_of, with_columns


def drawn(rows, header="t,x", **options):
    """The HTML of a table, and the images in it."""
    content = "\n".join([header, *rows]).encode()
    series = dataset_of(with_columns(Upload(File("a.csv", content), **options))).series
    html = strips_html(series, LIGHT)
    return html, [b64decode(image).decode() for image in re.findall(r"base64,([^\"]+)", html)]


def path(image, color):
    """The places (N, 2) on the path of this colour."""
    (found,) = re.findall(rf'<path d="([^"]*)" stroke="{color}"', image)
    return np.array([pair.split(",") for pair in re.findall(r"[\d.]+,[\d.]+", found)], float)


def titles(html):
    return re.findall(r"<b>(.*?)</b><span>(.*?)</span>", html)


def test_the_test_follows_the_training_and_both_fill_the_height():
    html, (image,) = drawn([f"{k},{k}" for k in range(100)], window=10)
    train, test = path(image, LIGHT.train), path(image, LIGHT.test)
    assert (len(train), len(test)) == (80 + 1, 20 + 1)
    assert train[0].tolist() == [10, 82] and test[-1].tolist() == [470, 10]
    assert (train[:, 0].max() < test[:, 0].min()) and (np.diff(train[:, 1]) <= 0).all()
    assert titles(html) == [("x", "0 to 99")]
    for text in ("training, 70 windows", "test, 10", "a window, 10 steps", "0</span><span>99"):
        assert text in html
    assert "filled" not in html
    bar = re.search(rf'd="M([\d.]+),89H([\d.]+)" stroke="{LIGHT.forward}"', image)
    assert [float(x) for x in bar.groups()] == [10, round(10 + 460 * 9 / 99, 1)]


def test_of_many_steps_the_extreme_ones_are_drawn():
    rows = [f"{k},{900 if k == 7777 else k % 3}" for k in range(20_000)]
    html, (image,) = drawn(rows, window=10, test_share=0)
    train = path(image, LIGHT.train)
    assert len(train) < 500
    assert train[:, 1].min() == 10
    assert train[train[:, 1].argmin(), 0] == round(10 + 460 * 7777 / 19_999, 1)
    assert len(html) < 20_000


def test_filled_steps_are_marked_and_skipped_ones_cut_the_curve():
    rows = [f"{k},{k % 7}" for k in range(100) if k not in (30, 31)]
    html, (image,) = drawn(rows, window=5, fill="last")
    assert "filled, 2 steps" in html
    assert len(re.findall(r"M\d+,0V10", image)) == 2
    _, (image,) = drawn(rows, window=5, skip_bad=True)
    (train,) = re.findall(rf'<path d="([^"]*)" stroke="{LIGHT.train}"', image)
    assert train.count("M") == 2


def test_each_series_or_each_class_has_its_strip():
    rows = [f"{k},{store},{k % 5}" for k in range(50) for store in ("<b>", "b", "c", "d", "e", "f")]
    html, images = drawn(rows, "t,store,x", window=5)
    assert [title for title, _ in titles(html)] == ["&lt;b&gt;", "b", "c", "d"]
    assert (len(images), "and 2 more" in html) == (4, True)
    with_hole = [row for row in rows if not row.startswith("20,e")]
    html, _ = drawn(with_hole, "t,store,x", window=5, fill="last")
    assert [title for title, _ in titles(html)] == ["e", "&lt;b&gt;", "b", "c"]
    rows_of_two = [f"{k},{k % 5},{k % 3 if k != 20 else ''}" for k in range(50)]
    html, _ = drawn(rows_of_two, "t,x,y", window=5, fill="last")
    assert [title for title, _ in titles(html)] == ["y", "x"]
    rows = [
        f"{'wo' * (k % 2) or 'ok'},{k},{t},{t * k % 7},{k}.5" for k in range(40) for t in range(6)
    ]
    html, images = drawn(rows, "state,machine,t,x,y", window=6)
    assert [title for title, _ in titles(html)] == ["ok · x", "wo · x", "ok · y", "wo · y"]
    assert "a window" not in html


def test_numbers_that_differ_by_next_to_nothing_are_drawn():
    for rows in (
        [f"{k},{k % 2}e-300" for k in range(60)],
        [f"{k},{1e15 if k % 2 else -1e15}" for k in range(60)],
    ):
        _, (image,) = drawn(rows, window=5)
        assert np.isfinite(path(image, LIGHT.train)).all()
        assert "nan" not in image
