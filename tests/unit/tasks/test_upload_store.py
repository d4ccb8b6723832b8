"""Uploads in memory, by name."""

from rnnviz.tasks.data_source import UploadStore
from rnnviz.tasks.upload import File, Upload

FIRST, SECOND, THIRD = (
    Upload(File(f"{number}.csv", b"text,label\na,1\nb,2\n")) for number in range(3)
)


def test_equal_uploads_have_one_name_that_cannot_be_guessed():
    store = UploadStore()
    name = store.put(FIRST)
    assert name == store.put(FIRST) != store.put(SECOND)
    assert (store.get(name), store.get("0" * 16)) == (FIRST, None)
    assert UploadStore().put(FIRST) != name


def test_the_least_recent_upload_is_dropped():
    store = UploadStore(most=2)
    names = [store.put(upload) for upload in (FIRST, SECOND, FIRST, THIRD)]
    assert [store.get(name) for name in names] == [FIRST, None, FIRST, THIRD]
