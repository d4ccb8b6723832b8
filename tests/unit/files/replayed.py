"""Read a replay back, as static/replay/recording.js does."""

from __future__ import annotations

import base64
import gzip
import json
from html.parser import HTMLParser
from struct import unpack_from

import numpy as np


class Replayed:
    """The HTML of a replay: its elements, and what it has recorded."""

    def __init__(self, page: str) -> None:
        self.elements = elements_of(page)
        packed = next(e.text for e in self.elements if e.attributes.get("id") == "recording")
        self._read(gzip.decompress(base64.b64decode(packed)))

    def _read(self, content: bytes) -> None:
        (length,) = unpack_from("<I", content)
        self.header = json.loads(content[4 : 4 + length])
        self.blocks, at = [], 4 + length
        for block in self.header["blocks"]:
            size = block["planes"] * block["frames"] * int(np.prod(block["shape"], dtype=int))
            self.blocks.append(block_of(block, content[at : at + size]))
            at += size
        assert at == len(content)

    @property
    def epochs(self):
        return self.header["epochs"]

    def text(self, phrase: int, key: str, at: int) -> str:
        return self.header["strings"][self.header["phrases"][phrase]["texts"][key][at]]

    def picture(self, phrase: int, key: str, at: int):
        """Outline, and arrays by path, of a picture at the recorded epoch number ``at``."""
        picture = self.header["phrases"][phrase]["pictures"][key]
        at = min(at, len(picture["outlines"]) - 1)
        arrays = {
            path: self.blocks[block][at - first]
            for path, first, block in picture["tracks"]
            if first <= at < first + len(self.blocks[block])
        }
        return json.loads(self.header["strings"][picture["outlines"][at]]), arrays


def block_of(header, content):
    """The arrays of a block, (frames, ...)."""
    planes = np.frombuffer(content, np.uint8).reshape(header["planes"], header["frames"], -1)
    changes = sum(plane.astype(np.uint32) << np.uint32(8 * k) for k, plane in enumerate(planes))
    signed = (changes >> np.uint32(1)).view(np.int32) ^ -(changes & np.uint32(1)).view(np.int32)
    codes = np.cumsum(signed, axis=0, dtype=np.int32)
    shape = header["frames"], *header["shape"]
    if header["kind"] == "whole":
        return codes.reshape(shape)
    if "steps" in header:
        return (codes * np.array(header["steps"])[:, None]).astype(np.float32).reshape(shape)
    return (codes << header["shift"]).view(np.float32).reshape(shape)


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.text = tag, dict(attributes), ""


def elements_of(page: str) -> list[Element]:
    """The elements in their order, each with its text up to the next tag."""
    found: list[Element] = []
    open_: list[Element] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append(Element(tag, attrs))
            open_[:] = found[-1:]

        def handle_endtag(self, tag):
            open_.clear()

        def handle_data(self, data):
            for element in open_:
                element.text += data

    Parser().feed(page)
    return found
