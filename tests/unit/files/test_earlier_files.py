"""Runs, weights, recordings and links of an earlier version open as they did then.

The files in earlier/ were written by the version at commit 5dd74733: three runs with what that
version knew of them in wanted.json.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rnnviz
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.run_file import run_file
from rnnviz.run.share_link import read_link

EARLIER = Path(__file__).parent / "earlier"
WANTED = json.loads((EARLIER / "wanted.json").read_text(encoding="utf-8"))


def check(session, wanted):
    """The same epoch and scores, and the same weights, to the last bits that machines share."""
    player = session.player
    assert player.position.epoch == wanted["epoch"]
    row = session.run.history.row(wanted["epoch"])
    assert {name: row[name] for name in wanted["scores"]} == pytest.approx(wanted["scores"])
    theta = session.state.parameters.theta.astype(float)
    np.testing.assert_allclose(theta[:8], wanted["weights"], rtol=1e-6)
    assert np.linalg.norm(theta) == pytest.approx(wanted["norm"], rel=1e-6)
    assert (player.ghost and player.ghost.end.epoch) == wanted["ghost"]


@pytest.mark.parametrize("name", WANTED)
def test_a_run_opens_where_it_was_left_and_trains_on(name):
    session = rnnviz.open_run(EARLIER / f"{name}.rnnviz")
    check(session, WANTED[name])
    assert session.inspect().reading.text == WANTED[name]["phrase"]
    last = session.player.run.position.epoch
    session.configure(replace(session.config, epochs=last + 1))
    session.player.advance(1)
    assert session.player.run.position.epoch == last + 1


@pytest.mark.parametrize("name", [name for name in WANTED if WANTED[name]["query"]])
def test_a_link_leads_to_the_same_run(name):
    link, problems = read_link(WANTED[name]["query"])
    session = rnnviz.Session()
    session.follow(link)
    assert problems == []
    while session.player.opening:
        session.player.tick(1.0)
    check(session, WANTED[name])


@pytest.mark.parametrize("name", ["gated.npz", "own.safetensors"])
def test_weights_open_with_what_they_know(name):
    wanted = WANTED[name.partition(".")[0]]
    theta = rnnviz.open_weights(EARLIER / name).state.parameters.theta.astype(float)
    np.testing.assert_allclose(theta[:8], wanted["weights"], rtol=1e-6)
    assert np.linalg.norm(theta) == pytest.approx(wanted["norm"], rel=1e-6)


def test_a_recording_opens_at_its_last_step():
    session = rnnviz.open_recording(EARLIER / "recording.rnnviz")
    assert session.player.recorded
    assert session.player.position.epoch == 30


def test_a_recording_is_no_run_to_be_stored():
    with pytest.raises(TransferError, match="a file already"):
        run_file(rnnviz.open_recording(EARLIER / "recording.rnnviz"))
