"""Checksums: whoever repeats a run is told whether it is the same."""

import os
import platform
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig, SettingError
from rnnviz.probe.session import Session
from rnnviz.run.checksum import Checksum, checksum_of, epochs_of, processor
from rnnviz.run.share_link import read_link
from rnnviz.run.weight_edits import silence

SAME = "The run is the same to the last bit."


def trained(epochs=40, **settings):
    session = Session(RunConfig(hidden=6, init_scale=0.3, **settings))
    session.player.advance(epochs)
    return session


def opened(link):
    """The message of a page on which the link was opened."""
    session = Session()
    session.follow(*read_link(link.to_query()), float("inf"))
    return session.player.message


@pytest.mark.parametrize("shown", [40, 17])
def test_a_link_is_the_same_run_to_the_last_bit_and_says_so(shown):
    session = trained()
    session.player.go_to(session.run.position._replace(epoch=shown))
    assert opened(session.link()).startswith(SAME)


def test_so_is_one_within_an_epoch_with_changes_edits_and_a_ghost():
    session = trained(10)
    session.player.step_phrase()
    session.configure(replace(session.config, lr=0.1))
    session.player.advance(5)
    session.player.go_to(session.run.position._replace(epoch=8))
    session.player.branch_with([silence(1, 2)])
    session.player.advance(3)
    session.player.step_phrase()
    assert session.run.position.offset
    assert opened(session.link()).startswith(SAME)


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        ([1.0] * 16, "Here last digits differ, but none of the losses in the link by more than 1%"),
        ([1.0] * 9 + [1.011] + [1.0] * 6, "Here the run goes another way between epochs 22 and 25"),
        ([1.02] * 16, "Here the run goes another way between epochs 0 and 2"),
        ([1.0] * 15, "Here its weights are not the same"),
        ([], "Here its weights are not the same"),
    ],
)
def test_a_run_of_other_bits_is_said_to_go_another_way_where_a_loss_differs_by_1_percent(
    factors, said
):
    link = trained().link()
    losses = tuple(a * b for a, b in zip(link.checksum.losses, factors, strict=False))
    other = Checksum("00000000", "arm64-ASIMDDP", losses)
    message = opened(replace(link, checksum=other))
    kinds = f"(arm64-ASIMDDP, not {processor()})"
    assert message.startswith(f"{said}: it was made on another kind of processor {kinds}. ")
    own = opened(replace(link, checksum=replace(other, processor=processor())))
    assert "where products round differently" in own
    assert "kind of processor" not in own


def test_without_losses_only_the_weights_are_compared():
    session = trained(0)
    session.player.step_phrase()
    link = session.link()
    assert link.checksum.losses == ()
    assert opened(link).startswith(SAME)
    other = replace(link, checksum=replace(link.checksum, weights="00000000"))
    assert opened(other).startswith("Here its weights are not the same")


def test_a_link_that_is_not_followed_in_all_its_parts_is_not_compared():
    query = trained().link().to_query()
    session = Session()
    session.follow(*read_link({**query, "changes": "3:lr=nonsense"}), float("inf"))
    assert "left out" in session.player.message
    assert "last bit" not in session.player.message
    assert "kind of processor" not in session.player.message


def test_a_run_at_its_start_and_one_of_other_first_weights_have_none():
    assert Session().link().checksum is None
    assert "checksum" not in Session().link().to_query()


@pytest.mark.parametrize(
    "text",
    ["", "x", "12345678", "1234567_x_1", "12345678__1", "12345678_x" + "_1" * 17, "12345678_x_1e",
     "12345678_a b_1", "12345678_x_--1", "12345678_x_1e999"],
)  # fmt: skip
def test_what_is_no_checksum_is_refused(text):
    with pytest.raises(SettingError):
        Checksum.parse(text)
    _, problems = read_link({"epoch": "3", "checksum": text})
    assert len(problems) == bool(text)


def test_a_checksum_is_read_as_it_was_written():
    made = Checksum.of(trained().run)
    assert Checksum.parse(str(made)) == made
    assert len(made.losses) == 16


def test_one_bit_of_one_weight_makes_another_checksum():
    parameters = trained(3).state.parameters.copy()
    before = checksum_of(parameters)
    parameters.theta[7] = np.nextafter(parameters.theta[7], 1)
    assert checksum_of(parameters) != before


def test_the_epochs_of_a_checksum_are_spaced_equally_up_to_the_last():
    assert epochs_of(0) == ()
    assert epochs_of(3) == (1, 2, 3)
    assert epochs_of(160) == tuple(range(10, 161, 10))


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64")
    or "openblas" not in np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"],
    reason="OpenBLAS's kernels of x86-64",
)
def test_a_run_with_kernels_for_another_processor_is_told_so():
    """OPENBLAS_CORETYPE chooses the kernels for an old processor, which this one can run."""
    link = trained(20).link()
    code = (
        "from tests.unit.run.test_checksum import opened, read_link; "
        f"print(opened(read_link({link.to_query()})[0]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, timeout=60,
        env={**os.environ, "OPENBLAS_CORETYPE": "NEHALEM"},
    )  # fmt: skip
    assert SAME not in run.stdout
    assert f"made on another kind of processor ({processor()}, not " in run.stdout
