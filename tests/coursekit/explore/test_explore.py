"""Explorers: moving a control changes picture and text, errors show, answers cost little."""

import time

import ipywidgets as widgets
import numpy as np
import pytest

from coursekit import explore
from coursekit.explore import choice, explorer, slider


def line(ax, height, kind="plain", width=1):
    if height == 13:
        raise ArithmeticError("thirteen is <unlucky>")
    ax.plot([0, 1], [0, height])
    ax.set_ylim(0, 20)
    return f"A {kind} line rises to {height}; {width} wide."


def lines():
    return explorer(
        line,
        (3, 2),
        height=slider("height (m)", 0, 20, 5),
        kind=choice("kind", ["plain", "bold"]),
        width=slider("width (points)", 1, 5, 1),
    )


def control(panel, index):
    return panel.children[index]


def page(panel):
    return panel.children[-1].value


def test_every_control_changes_the_text_and_reaches_the_drawing():
    panel = lines()
    before = panel.picture.png
    control(panel, 0).value = 7
    assert panel.picture.png != before
    control(panel, 1).value = "bold"
    control(panel, 2).value = 2
    assert panel.values == {"height": 7, "kind": "bold", "width": 2}
    assert panel.picture.alt == "A bold line rises to 7; 2 wide."
    assert page(panel).count("A bold line rises to 7; 2 wide.") == 2  # alt, and caption below


def test_the_same_values_give_the_same_picture():
    panel = lines()
    before = panel.picture.png
    control(panel, 0).value = 7
    control(panel, 0).value = 5
    assert panel.picture.png == before


def test_an_error_takes_the_place_of_the_picture_and_goes_with_it():
    panel = lines()
    control(panel, 0).value = 13
    assert 'role="alert"' in page(panel)
    assert "ArithmeticError: thirteen is &lt;unlucky&gt;" in page(panel)
    assert "<unlucky>" not in page(panel)
    assert "height = 13" in page(panel)
    assert "<img" not in page(panel)
    control(panel, 0).value = 14
    assert 'role="alert"' not in page(panel)
    assert "rises to 14" in page(panel)


def test_what_is_wrong_from_the_start_is_raised_by_the_cell():
    with pytest.raises(ArithmeticError):
        explorer(line, height=slider("height", 0, 20, 13))
    with pytest.raises(ValueError, match="no text alternative"):
        explorer(lambda ax, k: None, k=slider("k", 0, 1, 0))


def test_controls_are_labelled_and_made_of_the_kind_their_numbers_ask_for():
    assert isinstance(slider("n", 1, 50, 8), widgets.IntSlider)
    assert isinstance(slider("t", 0, 1, 0.5, 0.1), widgets.FloatSlider)
    assert choice("field", {"one": 1, "two": 2}, 2).value == 2
    assert [c.description for c in lines().children[:-1]] == ["height (m)", "kind", "width (points)"]


def test_pages_without_widgets_get_the_still_picture():
    data, metadata = lines()._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/html", "text/plain"} <= set(data)
    assert data["text/plain"] == metadata["image/png"]["alt"] == "A plain line rises to 5; 1 wide."


def counted(field):
    def call(x, t):
        call.count += 1
        return field(x, t)

    call.count = 0
    return call


def test_flows_ends_as_far_from_the_reference_as_it_says():
    decay = counted(lambda x, t: -2 * x)
    panel = explore.flows({"decay": decay})
    method, steps, x1, x2 = (control(panel, k) for k in (1, 2, 3, 4))
    x1.value, x2.value, steps.value = 1.5, -2.0, 4
    start = (1.5**2 + 2**2) ** 0.5
    # Closed forms: a step multiplies by 1 - 2h, with Heun by 1 - 2h + 2h^2; the flow by e^-2.
    for name, factor in (("Euler", 1 - 2 / 4), ("Heun", 1 - 2 / 4 + 2 / 16)):
        method.value = name
        assert f"ends {start * abs(factor**4 - np.exp(-2)):.2g} away" in panel.picture.alt
        assert f"{name} with 4 steps" in panel.picture.alt
    assert "(8 field evaluations)" in panel.picture.alt


def test_flows_computes_the_reference_once_for_each_start():
    field = counted(lambda x, t: -x)
    panel = explore.flows({"decay": field})
    field.count = 0
    control(panel, 2).value = 20
    assert field.count == 20 + 1  # Euler's steps, and the arrows
    field.count = 0
    control(panel, 3).value = 0.3
    assert 20 + 1 < field.count < 400


@pytest.mark.parametrize("name", list(explore.flows().children[0].options))
def test_every_field_of_flows_answers_in_good_time(name):
    panel = explore.flows()
    control(panel, 0).value = name
    control(panel, 1).value = "Heun"
    begun = time.perf_counter()
    control(panel, 2).value = 50
    # 150 ms are wanted on a free core; this only catches a drawing that went wrong by an order of magnitude.
    assert time.perf_counter() - begun < 3
    assert f"Field: {name}." in panel.picture.alt
