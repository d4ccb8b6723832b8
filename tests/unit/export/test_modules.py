"""The scripts of the page as one module."""

import re

import pytest

from rnnviz.export.modules import STATIC, one_module

HOSTS = sorted(path.stem for path in STATIC.glob("host_*.js"))


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_left_to_import_and_every_module_is_there_once(host):
    text = one_module(host)
    assert not re.search(r"^\s*import\b|\bfrom \"\.", text, re.MULTILINE)
    assert len(re.findall(r"^export ", text, re.MULTILINE)) == 1
    modules = re.findall(r"^const module_(\w+) = \(\(\) => \{$", text, re.MULTILINE)
    assert len(modules) == len(set(modules))
    assert modules[-1] == host
    assert {"stage", "network", "curves", "controls"} <= set(modules)


def test_a_module_comes_after_those_that_it_imports():
    text = one_module("host_streamlit")
    for used in re.finditer(r"^const \{[^}]*\} = module_(\w+);$", text, re.MULTILINE):
        assert text.index(f"const module_{used[1]} = (() =>") < used.start()


def test_what_a_module_exports_is_what_its_function_returns():
    text = one_module("host_streamlit")
    assert "return { WIDE, NARROW, layoutOf };" in text
    assert "return { valuesAt" not in text
    assert "curvesLayout, paintCurves, valuesAt };" in text
