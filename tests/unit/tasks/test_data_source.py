"""The data of a run: a task's, uploaded, or fixed."""

from rnnviz.config import RunConfig
from rnnviz.tasks.data_source import DataSource, UploadStore
from rnnviz.tasks.sentiment import sentiment
from rnnviz.tasks.upload import File, Upload, dataset_of

GOOD = Upload(File("a.csv", b"text,label\nso warm,1\nso cold,0\n"))
BAD = Upload(File("b.csv", b""))
CONFIG = RunConfig()


def test_a_refused_upload_leaves_the_data_as_they_were_and_says_why():
    source = DataSource()
    assert not source.take(BAD, CONFIG)
    assert source.problem.startswith("b.csv: is empty")
    assert (source.own, source.dataset_for(CONFIG)) == (False, sentiment())
    assert source.take(GOOD, CONFIG)
    assert (source.own, source.problem) == (True, "")
    assert not source.take(BAD, CONFIG)
    assert source.dataset_for(CONFIG) is dataset_of(GOOD)
    assert source.first_phrase(CONFIG, dataset_of(GOOD)) == "so warm"
    assert source.take(None, CONFIG)
    assert source.first_phrase(CONFIG, sentiment()) == "i am not bad"


def test_a_link_names_an_upload_as_long_as_it_is_stored():
    store = UploadStore(most=1)
    source, other = DataSource(store=store), DataSource(store=store)
    assert source.name() is None
    source.take(GOOD, CONFIG)
    name = source.name()
    assert other.find(name, CONFIG) == []
    assert other.upload == GOOD
    store.put(BAD)
    (problem,) = other.find(name, CONFIG)
    assert problem.startswith("In the link: its data are not on this computer")
    assert other.upload is None


def test_a_fixed_dataset_is_never_replaced():
    data = dataset_of(GOOD)
    assert DataSource(data).own
    assert DataSource(data).dataset_for(RunConfig(task="parity")) is data


# Uploads in memory, by name


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
