"""What a browser does with frames, in Python."""

import json
from struct import unpack_from

import numpy as np

from rnnviz.ui.viewer import Viewer


def unpacked(message):
    """The header of a message, in which each array of a picture has its bytes."""
    (length,) = unpack_from("<I", message)
    header, offset = json.loads(message[4 : 4 + length]), 4 + length
    for picture in header["pictures"].values():
        for array in picture["arrays"]:
            size, array[4] = array[4], message[offset : offset + array[4]]
            offset += size
    assert offset == len(message)
    return header


class Browser:
    """A viewer of a clock's host: sends commands, acknowledges frames, keeps what it receives."""

    def __init__(self, clock, scene=None, client="me"):
        self.clock, self.number, self.frames, self._arrays = clock, 0, [], {}
        self.viewer = Viewer(self.take, client, lambda: scene)
        clock.host.attach(self.viewer, clock.now)

    def take(self, message):
        header = unpacked(message)
        self.frames.append(header)
        for key, picture in header["pictures"].items():
            for path, dtype, shape, start, content in picture["arrays"]:
                before = self._arrays.get((key, path), (b"",))[0][:start]
                assert len(before) == start
                self._arrays[key, path] = before + content, dtype, shape

    @property
    def header(self):
        return self.frames[-1]

    def array(self, key, path):
        content, dtype, shape = self._arrays[key, path]
        return np.frombuffer(content, dtype).reshape(shape)

    def send(self, command):
        self.clock.host.receive(self.viewer, command, self.clock.now)
        return command

    def say(self, do, **options):
        self.number += 1
        return self.send({"do": do, "n": self.number, **options})

    def watch(self, *keys, new=()):
        self.send({"do": "watch", "pictures": [*keys], "new": [*new]})

    def answer(self):
        self.send({"do": "ack", "seq": self.viewer.sent})
