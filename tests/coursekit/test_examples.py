"""The examples in the docstrings run, and every public name has one."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import matplotlib as mpl
import pytest
import torch

import coursekit
from coursekit import data, evaluation, nets, paths, plots, solvers, training

OTHERS = ("coursekit.__main__", "coursekit.checks", "coursekit.cli")
PUBLIC = [
    coursekit,
    data,
    evaluation,
    evaluation.classifiers,
    evaluation.metrics,
    evaluation.text,
    nets,
    paths,
    plots,
    solvers,
    training,
]
READER = {name: getattr(coursekit, name) for name in coursekit.__all__}
READER |= {"torch": torch, "coursekit": coursekit, "plots": plots, "data": data}


def modules():
    """The library's modules, but for those with tests of their own kind."""
    names = [found.name for found in pkgutil.walk_packages(coursekit.__path__, "coursekit.")]
    return [coursekit, *(importlib.import_module(name) for name in names if not name.startswith(OTHERS))]


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [each for module in modules() for each in finder.find(module, globs=READER | vars(module))]
    return {each.name: each for each in found if each.examples}


EXAMPLES = examples()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with mpl.rc_context({"backend": "agg", "figure.max_open_warning": 0}):
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        result = runner.run(EXAMPLES[name])
        mpl.pyplot.close("all")
    assert result.failed == 0, capfd.readouterr().out


def named(module: ModuleType):
    """What a module offers: its `__all__`, or the functions of its own."""
    names = getattr(module, "__all__", None) or [
        name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__
    ]
    return [name for name in names if not name.startswith("_")]


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module in PUBLIC for name in named(module)],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_every_public_name_has_an_example(module, name):
    thing = getattr(module, name)
    if isinstance(thing, type) or type(thing).__name__ == "function":  # not a module, a constant, an alias
        assert ">>>" in (thing.__doc__ or ""), f"{thing.__module__}.{name}"


def test_the_examples_are_found():
    assert len(EXAMPLES) > 100
    assert {"coursekit.solvers.integrate.simulate", "coursekit.training.loop.fit"} <= EXAMPLES.keys()
