"""What a browser does with frames, in Python."""

import json
from struct import unpack_from

import numpy as np

from rnnviz.app.viewer import Viewer


def unpacked(message):
    """The header of a message, in which each array of a picture has its bytes."""
    (length,) = unpack_from("<I", message)
    header, at = json.loads(message[4 : 4 + length]), 4 + length
    for picture in header["pictures"].values():
        for array in picture["arrays"]:
            size, array[4] = array[4], message[at : at + array[4]]
            at += size
    assert at == len(message)
    return header


class Browser:
    """Looks on at a clock's host: says commands, answers frames, and keeps what it was sent."""

    def __init__(self, clock, scene=None, client="me"):
        self.clock, self.number, self.frames, self._arrays = clock, 0, [], {}
        self.viewer = Viewer(self.take, client, lambda: scene)
        clock.host.attach(self.viewer, clock.now)

    def take(self, message):
        header = unpacked(message)
        self.frames.append(header)
        for key, picture in header["pictures"].items():
            for path, kind, shape, start, news in picture["arrays"]:
                before = self._arrays.get((key, path), (b"",))[0][:start]
                assert len(before) == start
                self._arrays[key, path] = before + news, kind, shape

    @property
    def header(self):
        return self.frames[-1]

    def array(self, key, path):
        held, kind, shape = self._arrays[key, path]
        return np.frombuffer(held, kind).reshape(shape)

    def say(self, do, **more):
        self.number += 1
        command = {"do": do, "n": self.number, **more}
        self.clock.host.receive(self.viewer, command, self.clock.now)
        return command

    def watch(self, *keys, new=()):
        command = {"do": "watch", "pictures": [*keys], "new": [*new]}
        self.clock.host.receive(self.viewer, command, self.clock.now)

    def answer(self):
        command = {"do": "ack", "seq": self.viewer.sent}
        self.clock.host.receive(self.viewer, command, self.clock.now)
