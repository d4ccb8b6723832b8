"""The actor and the registry: who has the host, and which run belongs to which tab."""

import gc
import threading
import time

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.page import actor as acting
from rnnviz.page import session_registry as module
from rnnviz.page.actor import Actor, EndedError
from rnnviz.page.session_host import FAILED, RESTORED, SessionHost
from rnnviz.page.session_registry import FullError, SessionRegistry
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import Position
from rnnviz.run.share_link import read_link
from rnnviz.ui.viewer import AbandonedError, Scene, UnavailableError, Viewer


def wait_until(condition):
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.fixture
def start():
    """Starts actors, which end with the test."""
    started, ended = [], []

    def start(session=None):
        actor = Actor(session or Session(RunConfig(hidden=2, epochs=100_000)), ended.append)
        started.append(actor)
        return actor

    yield start
    for actor in started:
        actor.stop()
    wait_until(lambda: len(ended) == len(started))
    assert not any(actor.alive for actor in started)


@pytest.fixture
def actor(start):
    return start()


def test_while_many_requests_wait_no_more_are_read(actor, monkeypatch):
    monkeypatch.setattr(acting, "MAX_WAITING", 3)
    begun, go_on = threading.Event(), threading.Event()
    actor.post(lambda host: (begun.set(), go_on.wait(30)), long=True)
    begun.wait(30)
    for _ in range(2):
        actor.post(lambda host: None)
    assert not actor.crowded
    actor.post(lambda host: None)
    assert actor.crowded
    go_on.set()
    wait_until(lambda: not actor.crowded)


class Looker:
    """A browser that answers at once."""

    def __init__(self, actor):
        self.actor, self.number, self.frames = actor, 0, 0
        self.viewer = Viewer(self.take)
        actor.attach(self.viewer)

    def take(self, message):
        self.frames += 1
        self.actor.receive(self.viewer, {"do": "ack", "seq": self.frames})

    def say(self, do, **options):
        self.number += 1
        self.actor.receive(self.viewer, {"do": do, "n": self.number, **options})


def epoch(actor):
    with actor.host() as host:
        return host.session.run.position.epoch


def test_commands_are_done_in_their_order_between_the_steps_of_the_run(actor):
    looker = Looker(actor)
    for _ in range(100):
        looker.say("step", what="epoch")
    assert epoch(actor) == 100
    looker.say("speed", epochs=600)
    for k in range(200):
        looker.say("pause" if k % 2 else "play")
        time.sleep(0.001)
    with actor.host() as host:
        session = host.session
        assert not session.player.running
        position, weights = session.run.position, session.state.parameters.theta.tobytes()
    straight = Session(RunConfig(hidden=2))
    straight.player.advance(position.epoch)
    while straight.run.position < position:
        straight.player.step_phrase()
    assert straight.state.parameters.theta.tobytes() == weights


def test_while_the_host_is_locked_nothing_is_trained(actor):
    looker = Looker(actor)
    looker.say("play")
    wait_until(lambda: looker.frames > 3)
    with actor.host() as host:
        before = host.session.run.position
        looker.say("pause")
        time.sleep(0.1)
        assert host.session.run.position == before
        assert host.session.player.running
    with actor.host() as host:
        assert not host.session.player.running


def test_what_overflows_while_the_host_is_locked_is_no_warning(actor):
    with actor.host():
        assert np.isinf(np.array([1e308]) * 10)


def test_many_lock_it_and_each_has_it_alone(actor):
    inside, most = [], []

    def lock():
        for _ in range(20):
            with actor.host():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=lock) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 100)


def test_the_host_comes_back_from_a_script_that_is_ended_and_from_one_that_waits_in_vain(
    actor, monkeypatch
):
    with pytest.raises(ZeroDivisionError), actor.host():
        raise ZeroDivisionError
    monkeypatch.setattr(acting, "LOCK_TIMEOUT", 0.05)
    with actor.host(), pytest.raises(UnavailableError, match="still computing"), actor.host():
        pass
    assert epoch(actor) == 0


def test_a_command_that_fails_ends_nothing_and_the_page_says_so_once(actor):
    looker = Looker(actor)
    looker.say("play")
    for _ in range(3):
        actor.post(lambda host: 1 / 0)
    with actor.host() as host:
        assert not host.session.player.running
        assert host.session.player.message.count(FAILED) == 1
    looker.say("step", what="epoch")
    assert epoch(actor) >= 1


@pytest.mark.parametrize("name", ["background_work", "playing", "idle_time"])
def test_a_fault_between_commands_is_logged_and_ends_nothing(name, actor, monkeypatch, caplog):
    monkeypatch.setattr(acting, "FAILURE_PAUSE", 0.01)
    looker = Looker(actor)
    looker.say("play")
    epoch(actor)  # Then it plays.
    with monkeypatch.context() as broken:
        broken.setattr(SessionHost, name, lambda *_: 1 / 0)
        wait_until(lambda: "ZeroDivisionError" in caplog.text)
        with actor.host() as host:
            assert not host.session.player.running
            assert host.session.player.message.count(FAILED) == 1
    looker.say("step", what="epoch")
    assert epoch(actor) >= 1


def test_an_actor_that_ends_by_a_fault_says_so_in_the_log(start, monkeypatch, caplog):
    actor = start()
    with monkeypatch.context() as broken:
        broken.setattr(SessionHost, "background_work", lambda *_: 1 / 0)
        broken.setattr(SessionHost, "fail", lambda *_: 1 / 0)
        actor.post(lambda host: None)
        wait_until(lambda: not actor.alive)
    wait_until(lambda: "ZeroDivisionError" in caplog.text)


def test_who_waits_for_the_host_of_one_that_ends_is_told(start):
    actor, told = start(), []

    def wait():
        with pytest.raises(EndedError), actor.host():
            pass
        told.append(True)

    with actor.host():
        waiting = threading.Thread(target=wait)
        waiting.start()
        wait_until(lambda: actor.pending)
        actor.stop()
    waiting.join(30)
    assert told
    with pytest.raises(EndedError), actor.host():
        pass


def compute(session):
    """Compute for a page without an end."""
    while True:
        record(session.state.parameters, collate(session.dataset.train[:1]))


@pytest.mark.parametrize("leave", [Actor.detach, lambda actor, _: actor.stop()])
def test_what_a_page_computes_is_abandoned_soon_after_it_has_gone(actor, leave, monkeypatch):
    monkeypatch.setattr(acting, "GRACE", 0.05)
    looker = Looker(actor)
    with pytest.raises(AbandonedError), actor.host() as host:
        leave(actor, looker.viewer)
        compute(host.session)


def test_an_epoch_that_is_scored_is_abandoned_too_and_the_run_is_kept(actor, monkeypatch):
    monkeypatch.setattr(acting, "GRACE", 0.05)
    begun, score, looker = [], TrainingRun._append_scores, Looker(actor)

    def score_for_ever(run):
        begun.append(run)
        compute(actor_session)

    with actor.host() as host:
        actor_session = host.session
    with monkeypatch.context() as endless:
        endless.setattr(TrainingRun, "_append_scores", score_for_ever)
        looker.say("play")
        wait_until(lambda: begun)
        actor.detach(looker.viewer)
        wait_until(lambda: actor.deserted and not actor.pending)
    assert TrainingRun._append_scores is score
    again = Looker(actor)
    again.say("step", what="epoch")
    wait_until(lambda: epoch(actor) >= 1)
    with actor.host() as host:
        assert FAILED not in host.session.player.message


def test_a_page_that_is_soon_back_loses_nothing(actor, monkeypatch):
    monkeypatch.setattr(acting, "GRACE", 0.05)
    first, second = Looker(actor), Looker(actor)
    with actor.host():
        actor.detach(first.viewer)
        time.sleep(0.1)
        assert not actor.deserted, "another tab shows the run"
        actor.detach(second.viewer)
        assert not actor.deserted
        back = Looker(actor)
        time.sleep(0.1)
        assert not actor.deserted
        actor.detach(back.viewer)
        time.sleep(0.1)
        assert actor.deserted
    with actor.host():
        assert not actor.deserted, "its page is being loaded again"


def test_a_long_work_of_one_keeps_no_other(start):
    session = Session()
    link, _ = read_link({"hidden": "8", "epoch": "4000", "epochs": "9000"})
    session.follow(link, patience=0.0)
    other, looker = start(session), Looker(start())
    Looker(other)
    looker.say("play")
    before = looker.frames
    wait_until(lambda: looker.frames > before + 10)
    with other.host() as host:
        assert host.session.run.position > Position(0)


def test_many_commands_of_one_keep_no_other(start):
    other = start(Session(RunConfig(hidden=64, epochs=100_000)))
    busy, looker = Looker(other), Looker(start())
    looker.say("play")
    wait_until(lambda: looker.frames > 3)
    for _ in range(150):
        busy.say("step", what="epoch")
    before = looker.frames
    wait_until(lambda: not other.pending)
    wait_until(lambda: epoch(other) == 150)
    # All at once they would leave time for one frame.
    assert looker.frames > before + 2


def test_a_page_that_may_take_long_to_draw_is_drawn_beside_the_others(actor):
    threads = []
    with actor.host() as host:
        scene = Scene(host.session, lambda _: threads.append(threading.current_thread().name))
    actor.attach(Viewer(len, scene=lambda: scene))
    wait_until(lambda: threads)
    assert threads[0] != "actors"


@pytest.fixture
def threads(monkeypatch):
    """The names of the threads of all turns, in their order."""
    names, turn = [], SessionHost.turn

    def noted(host, *times):
        turn(host, *times)
        names.append(threading.current_thread().name)

    monkeypatch.setattr(SessionHost, "turn", noted)
    return names


def test_turns_known_to_be_short_take_no_other_thread(start, threads):
    looker = Looker(start())
    looker.say("play")
    wait_until(lambda: threads[-3:] == ["actors"] * 3)
    begun = len(threads)
    looker.say("reset")
    wait_until(lambda: any(name != "actors" for name in threads[begun:]))


def test_while_turns_are_long_all_of_the_run_take_another_thread(start, threads, monkeypatch):
    monkeypatch.setattr(acting, "SLOW_TURN", -1.0)
    Looker(start()).say("play")
    wait_until(lambda: len(threads) > 50)
    assert "actors" not in threads
    monkeypatch.setattr(acting, "SLOW_TURN", 60.0)
    wait_until(lambda: threads[-3:] == ["actors"] * 3)


#: Cells that no other test has had checked.
SLOW, LEFT, LINKED = (f"h = tanh(W_{name} @ x + U @ h)" for name in ("slow", "left", "linked"))


def draft(actor):
    with actor.host() as host:
        return host.session.draft


def test_a_cell_that_takes_long_to_check_is_refused(actor, monkeypatch):
    monkeypatch.setattr("rnnviz.page.actor.CHECK_TIME", 0)
    Looker(actor).say("write", text=SLOW)
    wait_until(lambda: draft(actor))
    assert "takes over 0 seconds: use fewer matrices" in str(draft(actor).problem)


def test_who_leaves_has_nothing_checked_any_more(actor):
    looker = Looker(actor)
    with actor.host():
        looker.say("write", text=LEFT)
        actor.detach(looker.viewer)
    assert not draft(actor)
    again = Looker(actor)
    again.say("write", text=LEFT)
    wait_until(lambda: draft(actor).cell)


def test_a_cell_of_a_link_that_takes_long_to_check_is_refused(registry, monkeypatch):
    monkeypatch.setattr("rnnviz.page.actor.CHECK_TIME", 0)
    tab = registry.tab({}, RunConfig(cell="own", equations=LINKED).to_query())
    with tab.host() as host:
        assert "takes over 0 seconds" in host.session.player.message
        assert host.session.config.cell == "elman"


def test_a_link_that_fails_leaves_no_run(registry, monkeypatch):
    monkeypatch.setattr(Pair, "follow", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        registry.tab({}, {"hidden": "8"})
    wait_until(lambda: not registry.actors)


def test_one_that_is_stopped_at_once_is_gone(start):
    for _ in range(20):
        start().stop()


# The registry


@pytest.fixture
def registry():
    registry = SessionRegistry()
    yield registry
    registry.stop()


def test_a_seat_stays_with_its_session_of_streamlit_and_goes_with_it(registry):
    state = {}
    tab = registry.tab(state, {})
    assert registry.tab(state, {"epoch": "3"}) is tab
    assert registry.connect(tab.ticket, "", "") == (tab, False)
    ticket = tab.ticket
    del state, tab
    gc.collect()
    assert registry.connect(ticket, "", "") is None


def test_an_address_with_the_id_of_a_run_leads_to_it_as_long_as_it_is_there(registry):
    first = registry.tab({}, {"hidden": "2"})
    run = first.actor.run_id
    second = registry.tab({}, {"run": run})
    assert second.actor is first.actor
    other = registry.tab({}, {})
    assert registry.connect(second.ticket, other.actor.run_id, "") == (second, True)
    assert first.actor.alive, "it is still the other's"
    first.actor.stop()
    for gone in (run, "another"):
        tab = registry.tab({}, {"run": gone})
        with tab.host() as host:
            assert "was too long for a link" in host.session.player.message


def test_a_tab_that_knows_its_run_goes_on_with_it(registry):
    first, again = registry.tab({}, {"hidden": "2"}), registry.tab({}, {"hidden": "3"})
    spare = again.actor
    assert registry.connect(again.ticket, first.actor.run_id, "") == (again, True)
    assert again.actor is first.actor
    wait_until(lambda: not spare.alive)
    assert registry.actors == [first.actor]
    assert registry.connect(again.ticket, first.actor.run_id, "") == (again, False)


@pytest.mark.parametrize("now", [3, 5])
def test_a_tab_whose_run_is_gone_opens_its_address_and_is_told(registry, now):
    """Streamlit's script knows the address of the page's load alone, where epoch 3 was."""
    tab = registry.tab({}, {"hidden": "2", "epoch": "3"})
    registry.connect(tab.ticket, "a run of before", f"hidden=2&epoch={now}")
    looker = Looker(tab.actor)
    wait_until(lambda: epoch(tab.actor) == now and looker.frames)

    def message():
        with tab.host() as host:
            return host.session.player.message

    wait_until(lambda: message() == f"{RESTORED} Opened at epoch {now}.")


def test_a_seat_whose_run_is_gone_begins_another(registry):
    tab = registry.tab({}, {"hidden": "2", "epoch": "3"})
    gone = tab.actor
    gone.stop()
    wait_until(lambda: not gone.alive)
    assert registry.connect(tab.ticket, gone.run_id, "") is None

    def progress():
        with tab.host() as host:
            return host.session.player.progress

    assert progress()
    Looker(tab.actor)  # what takes long of a link is done while somebody looks
    wait_until(lambda: progress() == "3")
    assert registry.connect(tab.ticket, gone.run_id, "") == (tab, False)


def test_a_full_server_ends_the_run_left_for_longest_and_never_one_that_is_looked_at(
    registry, monkeypatch
):
    monkeypatch.setattr(module, "MOST_RUNS", 3)
    monkeypatch.setattr(module, "JUST_NOW", 0.0)
    tabs = [registry.tab({}, {"hidden": "2"}) for _ in range(3)]
    looked_at = Looker(tabs[0].actor)
    wait_until(lambda: looked_at.frames)
    fourth = registry.tab({}, {"hidden": "2"})
    wait_until(lambda: not tabs[1].actor.alive)
    assert tabs[0].actor.alive
    for tab in (tabs[2], fourth):
        Looker(tab.actor)
        wait_until(lambda tab=tab: not tab.actor.unwatched)
    with pytest.raises(FullError):
        registry.tab({}, {})


def test_a_page_that_is_loaded_again_keeps_its_run_on_a_full_server(registry, monkeypatch):
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    lookers = [Looker(registry.tab({}, {"hidden": "2"}).actor) for _ in range(2)]
    wait_until(lambda: all(looker.frames for looker in lookers))
    mine = lookers[1].actor
    mine.detach(lookers[1].viewer)
    wait_until(lambda: mine.unwatched)
    again = registry.tab({}, {"hidden": "2"})
    assert registry.connect(again.ticket, mine.run_id, "") == (again, True)
    assert again.actor is mine
    assert mine.alive
