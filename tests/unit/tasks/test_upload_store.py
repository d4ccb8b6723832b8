"""The reader's own data, kept while the server runs."""

from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.upload_store import Shelf


def upload(number):
    return Upload(File(f"{number}.csv", b"text,label\na,1\nb,2\n"))


def test_what_was_put_is_found_under_its_name():
    shelf = Shelf()
    name = shelf.put(upload(1))
    assert shelf.get(name) == upload(1)
    assert shelf.get("0" * 16) is None


def test_the_same_data_have_one_name():
    shelf = Shelf()
    assert shelf.put(upload(1)) == shelf.put(upload(1)) != shelf.put(upload(2))


def test_the_eldest_makes_room():
    shelf = Shelf(most=2)
    first, second = shelf.put(upload(1)), shelf.put(upload(2))
    assert shelf.put(upload(1)) == first
    third = shelf.put(upload(3))
    assert [shelf.get(name) is not None for name in (first, second, third)] == [True, False, True]


def test_names_cannot_be_guessed_from_the_data():
    assert Shelf().put(upload(1)) != Shelf().put(upload(1))
