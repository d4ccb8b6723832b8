"""What a file says of what made it."""

from rnnviz.config import RunConfig
from rnnviz.files.opened import session_of
from rnnviz.files.output import origin
from rnnviz.files.recording_file import open_recording
from rnnviz.files.weights_file import weights_file
from rnnviz.probe.session import Session
from rnnviz.run.checksum import Checksum
from tests.unit.files.recordings import Loop


def test_a_run_is_told_by_its_settings_its_seed_and_its_link():
    session = Session(RunConfig(hidden=5, seed=7, epochs=9))
    session.player.advance(2)
    session.configure(RunConfig(hidden=5, seed=7, epochs=9, lr=0.5))
    told = origin(session)
    assert (told["seed"], told["epoch"], told["changes"]) == ("7", "2", "2:lr=0.5")
    assert "hidden=5" in told["settings"]
    checksum = Checksum.of(session.run)
    assert told["link"] == (
        f"?hidden=5&seed=7&epochs=9&changes=2%3Alr%3D0.5&epoch=2&checksum={checksum}"
    )


def test_a_link_that_would_lead_to_another_run_is_left_out():
    given = session_of(weights_file(Session(RunConfig(hidden=5))), "mine.npz")
    assert origin(given)["weights"] == "mine.npz"
    assert not {"seed", "link"} & origin(given).keys()
    data = Session(RunConfig(hidden=5), dataset=Session().dataset)
    assert "link" not in origin(data)
    assert origin(data)["seed"] == "0"


def test_of_a_recording_nobody_knows_the_seed(tmp_path):
    told = origin(open_recording(Loop(tmp_path / "run.rnnviz").record(0, 10).close()))
    assert not {"seed", "changes", "link"} & told.keys()
