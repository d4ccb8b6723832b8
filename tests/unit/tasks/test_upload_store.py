"""The reader's own data, kept while the server runs."""

from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.upload_store import UploadStore


def upload(number):
    return Upload(File(f"{number}.csv", b"text,label\na,1\nb,2\n"))


def test_what_was_put_is_found_under_its_name():
    upload_store = UploadStore()
    name = upload_store.put(upload(1))
    assert upload_store.get(name) == upload(1)
    assert upload_store.get("0" * 16) is None


def test_the_same_data_have_one_name():
    upload_store = UploadStore()
    assert upload_store.put(upload(1)) == upload_store.put(upload(1)) != upload_store.put(upload(2))


def test_the_eldest_makes_room():
    upload_store = UploadStore(most=2)
    first, second = upload_store.put(upload(1)), upload_store.put(upload(2))
    assert upload_store.put(upload(1)) == first
    third = upload_store.put(upload(3))
    assert [upload_store.get(name) is not None for name in (first, second, third)] == [
        True,
        False,
        True,
    ]


def test_names_cannot_be_guessed_from_the_data():
    assert UploadStore().put(upload(1)) != UploadStore().put(upload(1))
