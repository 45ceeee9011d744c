"""Facts about the drawings: what is drawn where, under which names, and what reaches the page."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from PIL import Image

from coursekit import plots

TIMES = torch.linspace(0, 1, 9)
POINTS = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
PATHS = POINTS[:5] * (1 + TIMES)[:, None, None]
HS = torch.tensor([0.2, 0.1, 0.05])

DRAWINGS = {
    "samples": lambda ax=None: plots.samples(POINTS, ax, values=POINTS[:, 0], lim=3),
    "trajectories": lambda ax=None: plots.trajectories(PATHS, ax, lim=3),
    "quiver": lambda ax=None: plots.quiver(lambda x, t: -x, 0.0, ax),
    "warped_grid": lambda ax=None: plots.warped_grid(lambda x: x.sin(), ax),
    "density": lambda ax=None: plots.density(lambda x: -x.square().sum(-1) / 2, ax),
    "paths_1d": lambda ax=None: plots.paths_1d(TIMES, PATHS[..., 0], ax),
    "convergence": lambda ax=None: plots.convergence(HS, {"Euler": HS}, ax, orders={"Euler": 1}),
    "work_precision": lambda ax=None: plots.work_precision({"Euler": ([5, 10, 20], HS)}, ax),
    "curve": lambda ax=None: plots.curve(TIMES, TIMES**2, ax, label="square", band=(0.2, 0.4)),
    "digit_grid": lambda ax=None: plots.digit_grid(torch.linspace(-1, 1, 640).reshape(10, 64), ax=ax),
}
IN_SPACE = ["samples", "trajectories", "quiver", "warped_grid", "density"]


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def offsets(ax: Axes, index: int) -> torch.Tensor:
    return torch.as_tensor(np.asarray(ax.collections[index].get_offsets()), dtype=torch.float32)


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_every_drawing_draws_into_the_axes_it_is_given_or_makes_one(draw):
    _, (left, right) = plots.panels(2)
    assert draw(right) is right
    assert right.has_data()
    assert not left.has_data()
    made = draw()
    assert made.figure is not right.figure
    assert made.has_data()


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_every_drawing_fits_on_a_page(draw):
    picture = plots.picture(draw(), alt="a drawing")
    assert len(picture.png) < 150_000
    assert picture.width < 700
    assert Image.open(io.BytesIO(picture.png)).width >= picture.width


@pytest.mark.parametrize("name", IN_SPACE)
def test_space_is_drawn_with_equal_units_and_named_axes(name):
    ax = DRAWINGS[name]()
    assert ax.get_aspect() == 1.0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_1$", "$x_2$")


@pytest.mark.parametrize("name", ["paths_1d", "convergence", "work_precision"])
def test_numbers_against_numbers_have_named_axes(name):
    ax = DRAWINGS[name]()
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_samples_stand_where_they_are_and_carry_their_values():
    ax = plots.samples(POINTS, values=POINTS[:, 1], lim=2.5)
    torch.testing.assert_close(offsets(ax, 0), POINTS)
    np.testing.assert_allclose(ax.collections[0].get_array(), POINTS[:, 1])
    assert ax.get_xlim() == ax.get_ylim() == (-2.5, 2.5)


def test_trajectories_draw_one_line_for_each_path_from_its_start_to_its_end():
    ax = plots.trajectories(PATHS, label="paths")
    assert len(ax.lines) == 5
    for k, line in enumerate(ax.lines):
        np.testing.assert_allclose(line.get_xydata(), PATHS[:, k])
    torch.testing.assert_close(offsets(ax, 0), PATHS[0])
    torch.testing.assert_close(offsets(ax, 1), PATHS[-1])
    # The start is a ring, the end a dot.
    assert not np.allclose(*(c.get_facecolors()[0] for c in ax.collections[:2]))
    assert ax.get_legend_handles_labels()[1] == ["paths"]


def test_tensors_with_gradients_are_drawn():
    ax = plots.trajectories(PATHS.clone().requires_grad_())
    assert len(ax.lines) == 5


@pytest.mark.parametrize(
    ("draw", "word"),
    [
        (lambda: plots.samples(torch.zeros(5, 3)), r"\(5, 3\)"),
        (lambda: plots.trajectories(POINTS), r"\(times, batch, 2\)"),
        (lambda: plots.quiver(lambda x, t: x[:, :1]), r"field\(x, t\)"),
        (lambda: plots.paths_1d(TIMES, PATHS), r"\(times, batch\)"),
        (lambda: plots.paths_1d(TIMES[1:], PATHS[..., 0]), "8 times"),
        (lambda: plots.digit_grid(torch.zeros(3, 65)), r"\(n, 64\)"),
        (lambda: plots.digit_grid(torch.zeros(3, 64), [1, 2]), "2 labels for 3"),
        (lambda: plots.panels(3, ["a"]), "1 titles for 3"),
        (lambda: plots.trajectories(PATHS, color=["red"] * 2), "2 colours for 5"),
        (lambda: plots.quiver(lambda x, t: x, where=torch.zeros(4, 3)), "where has shape"),
    ],
)
def test_wrong_shapes_are_named(draw, word):
    with pytest.raises(ValueError, match=word):
        draw()


def test_quiver_draws_the_field_at_its_places_with_the_longest_arrow_about_one_cell():
    ax = plots.quiver(lambda x, t: x * t + x.new_tensor([1.0, 0.0]), 2.0, lim=3, n=6)
    arrows = ax.collections[0]
    places = torch.as_tensor(arrows.XY, dtype=torch.float32)
    assert len(places) == 36
    torch.testing.assert_close(
        torch.stack([*map(torch.as_tensor, (arrows.U, arrows.V))], 1),
        places * 2 + places.new_tensor([1.0, 0.0]),
    )
    longest = np.hypot(arrows.U, arrows.V).max() / arrows.scale
    assert 0.8 < longest / (2 * 3 / 6) < 1.2
    assert places.abs().max() < 3


def test_warped_grid_carries_straight_lines():
    ax = plots.warped_grid(lambda x: x + x.flip(-1).sin(), lim=2, lines=7)
    assert len(ax.lines) == 14
    along = torch.linspace(-2, 2, 121)
    # The third of seven vertical lines begins at x1 = -2 + 2 * 4/6, the second level one at x2 = -2 + 4/6.
    upright = torch.stack([torch.full_like(along, -2 + 4 / 3), along], 1)
    level = torch.stack([along, torch.full_like(along, -2 + 2 / 3)], 1)
    for line, before in ((ax.lines[2], upright), (ax.lines[7 + 1], level)):
        np.testing.assert_allclose(line.get_xydata(), before + before.flip(-1).sin(), atol=1e-5)
    assert ax.lines[0].get_color() != ax.lines[7].get_color()


def test_quiver_draws_arrows_only_where_there_is_mass_and_scales_by_those():
    def field(x, t):
        return x  # the longest arrows are in the corners

    mass = torch.tensor([[0.1, 0.1], [-0.9, 0.2]])
    ax = plots.quiver(field, lim=3, n=12, where=mass)
    arrows = ax.collections[0]
    places = torch.as_tensor(arrows.XY, dtype=torch.float32)
    assert 0 < len(places) < 30
    assert torch.cdist(places, mass).amin(1).max() <= 0.5
    longest = np.hypot(arrows.U, arrows.V).max() / arrows.scale
    assert 0.8 < longest / 0.5 < 1.2
    assert plots.quiver(field, where=mass + 50).collections[0].XY.shape == (0, 2)


def test_quiver_takes_one_scale_for_panels_that_are_compared():
    _, axs = plots.panels(2)
    scales = [
        plots.quiver(lambda x, t, k=k: k * x, ax=ax, longest=4.0).collections[0].scale
        for k, ax in enumerate(axs, 1)
    ]
    assert scales[0] == scales[1]


def corners(line) -> float:
    """Greatest angle between neighbouring pieces of a line, where they are long enough to be seen."""
    step = np.diff(np.asarray(line.get_xydata(), dtype=float), axis=0)
    length = np.hypot(*step.T)
    cross = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
    angle = np.abs(np.arctan2(cross, (step[:-1] * step[1:]).sum(1)))
    return float(angle[np.minimum(length[:-1], length[1:]) > 0.02].max(initial=0.0))


def test_carried_lines_have_no_corners_where_the_map_stretches():
    def stretch(x):  # a hundredfold near 0, and a bend in the middle of it
        far = torch.atan(100 * x[:, :1])
        return torch.cat([far, x[:, 1:] + torch.sin(4 * far)], 1)

    ax = plots.warped_grid(stretch, lim=2, lines=5)
    assert max(corners(line) for line in ax.lines) < 0.25
    assert sum(len(line.get_xdata()) for line in ax.lines) < 10 * 600


def test_warped_grid_marks_places():
    marks = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    (crosses,) = plots.warped_grid(lambda x: 2 * x, lim=1, marks=marks).collections
    np.testing.assert_allclose(crosses.get_offsets(), marks)


def test_one_scale_of_colours_for_several_panels():
    figure, axs = plots.panels(3, share=True)
    for ax, width in zip(axs, (0.5, 1.0, 2.0), strict=True):
        plots.density(lambda x, w=width: -x.square().sum(-1) / w, ax, n=20)
    figure.draw_without_rendering()
    bar = plots.colorbar(axs, "density", low=0.0)
    assert {ax.images[0].get_clim() for ax in axs} == {bar.mappable.get_clim()}
    assert bar.vmin == 0
    figure.draw_without_rendering()
    sizes = np.array([ax.get_window_extent().size for ax in axs])
    np.testing.assert_allclose(sizes, sizes[:1].repeat(3, 0), rtol=1e-3)


def test_a_signed_scale_has_zero_in_the_middle():
    ax = plots.axes()
    ax.imshow([[-1.0, 3.0], [np.nan, 0.0]])
    bar = plots.colorbar(ax, signed=True)
    assert (bar.vmin, bar.vmax) == (-3, 3)
    assert ax.images[0].get_cmap().name == plots.DIVERGING
    assert plots.colorbar(ax, low=-1, high=1).extend == "max"
    with pytest.raises(ValueError, match="nothing that carries values"):
        plots.colorbar(plots.axes())


def test_surfaces_grow_darker_all_the_way_from_white():
    red, green, blue, _ = plots.SEQUENTIAL(np.linspace(0, 1, 50)).T
    light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    assert light[0] == 1
    assert (np.diff(light) < 0).all()


def test_panels_that_share_their_limits_are_named_at_the_edge_only():
    _, axs = plots.panels(4, rows=2, share=True)
    for ax in axs:
        plots.samples(POINTS, ax)
    assert [ax.get_xlabel() for ax in axs] == ["", "", "$x_1$", "$x_1$"]
    assert [ax.get_ylabel() for ax in axs] == ["$x_2$", "", "$x_2$", ""]


def test_paths_take_colours_one_for_each():
    colors = ["#0072B2", "#D55E00", "#0072B2"]
    ax = plots.paths_1d(TIMES, PATHS[:, :3, 0], color=colors)
    assert [line.get_color() for line in ax.lines] == colors


def test_density_shows_a_peak_where_it_is():
    ax = plots.density(lambda x: -(x - x.new_tensor([1.0, -2.0])).square().sum(-1), lim=3, n=60)
    image = ax.images[0]
    row, column = np.unravel_index(image.get_array().argmax(), (60, 60))
    left, right, bottom, top = image.get_extent()
    assert image.origin == "lower"
    assert left + (column + 0.5) / 60 * (right - left) == pytest.approx(1, abs=0.06)
    assert bottom + (row + 0.5) / 60 * (top - bottom) == pytest.approx(-2, abs=0.06)
    assert image.get_array().max() == pytest.approx(1, abs=0.01)


def test_convergence_draws_the_slope_through_the_smallest_step():
    errors = {"Euler": 3 * HS, "Heun": HS**2}
    ax = plots.convergence(HS, errors | {"other": 2 * HS}, orders={"Euler": 1, "other": 1})
    assert [text.get_text() for text in ax.get_legend().get_texts()].count("slope 1") == 1
    ax = plots.convergence(HS, errors, orders={"Heun": 2})
    assert len(ax.lines) == 3
    h, line = ax.lines[2].get_data()
    np.testing.assert_allclose(line, h**2, rtol=1e-6)
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Euler", "Heun", "slope 2"]


def test_curve_shows_the_band_to_compare_with():
    ax = plots.curve([0, 1], [2, 3], band=(0.5, 1.0), band_label="real against real")
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((0.5, 1.0))
    assert ax.get_legend().get_texts()[0].get_text() == "real against real"


def test_digit_grid_puts_each_class_in_its_row():
    labels = torch.tensor([7, 2, 7, 2, 2])
    images = torch.linspace(-1, 1, 5)[:, None, None, None].expand(5, 1, 8, 8)
    ax = plots.digit_grid(images, labels, columns=2)
    sheet = ax.images[0].get_array()
    assert sheet.shape == (17, 17)
    corners = [[sheet[0, 0], sheet[0, 9]], [sheet[9, 0], sheet[9, 9]]]
    np.testing.assert_allclose(corners, [[-0.5, 0.5], [-1.0, 0.0]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["2", "7"]


def test_digit_grid_without_labels_keeps_the_order_and_the_upright():
    image = torch.full((8, 8), -1.0)
    image[1, 6] = 1.0
    ax = plots.digit_grid(torch.stack([-torch.ones(64)] * 3 + [image.flatten()]), columns=3)
    assert np.argwhere(ax.images[0].get_array() == 1).tolist() == [[9 + 1, 6]]
    assert ax.images[0].origin == "upper"
    assert ax.images[0].get_clim() == (-1, 1)


def test_panels_hold_the_titles_and_no_spare_axes():
    figure, axs = plots.panels(5, list("abcde"), rows=2)
    assert [ax.get_title() for ax in axs] == list("abcde")
    assert figure.axes == axs


def shown(monkeypatch, **words: str):
    seen = []
    monkeypatch.setattr("coursekit.plots.page.display", seen.append)
    ax = plots.samples(POINTS)
    plots.show(ax, **words)
    return seen[0], ax


def test_show_gives_one_picture_with_its_words_and_closes_it(monkeypatch):
    picture, ax = shown(monkeypatch, caption="A\n cloud.", alt='dots\n in "a" cloud & <b>')
    data, metadata = picture._repr_mimebundle_()
    assert set(data) == {"image/png", "text/html", "text/plain"}
    assert metadata["image/png"]["alt"] == 'dots in "a" cloud & <b>'
    assert data["text/plain"] == 'A cloud.\n[dots in "a" cloud & <b>]'
    assert 'alt="dots in &quot;a&quot; cloud &amp; &lt;b&gt;"' in data["text/html"]
    assert '<img src="data:image/webp;base64,' in data["text/html"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert not plt.fignum_exists(ax.figure.number)


@pytest.mark.parametrize(
    ("caption", "shown"),
    [
        ("Figure 12.3. Here.", "<strong>Figure 12.3.</strong> Here."),
        ("See Figure 1.2. There.", "See Figure 1.2. There."),
        ("Left *and* right, 2 * 3 * 4.", "Left <em>and</em> right, 2 * 3 * 4."),
        ("If $a*b*c < d$ & $x^*$, *then*", "If $a*b*c &lt; d$ &amp; $x^*$, <em>then</em>"),
        ("`f(*x)` <b>", "<code>f(*x)</code> &lt;b&gt;"),
    ],
)
def test_captions_are_rendered(monkeypatch, caption, shown):
    element = plots.page.caption_html(caption)
    assert element.startswith("<figcaption style=")
    assert element.endswith(f">{shown}</figcaption>")
    # The theme's colour, light or dark.
    assert "color" not in element


def test_show_prints_caption_and_text_alternative_in_a_terminal(capsys):
    plots.show(plots.samples(POINTS).figure, caption="Dots gather.", alt="a cloud of dots")
    assert capsys.readouterr().out.split("\n")[:2] == ["Dots gather.", "[a cloud of dots]"]


@pytest.mark.parametrize("empty", ["", "  \n", None])
def test_show_refuses_to_show_without_words(empty):
    ax = plots.samples(POINTS)
    with pytest.raises(ValueError, match="no text alternative"):
        plots.show(ax, caption="Dots.", alt=empty)
    with pytest.raises(ValueError, match="no caption"):
        plots.show(ax, caption=empty, alt="dots")


def test_the_page_shows_the_figure_colour_for_colour():
    figure, (left, right) = plots.panels(2)
    plots.density(lambda x: -x.square().sum(-1) / 2, left)
    plots.quiver(lambda x, t: -x, ax=right)
    exact = np.asarray(Image.open(io.BytesIO(plots.page.png(figure, trim=True))).convert("RGB"))
    picture = plots.picture(figure, alt="a hill and arrows")
    file = base64.b64decode(picture.img().split("base64,")[1].split('"')[0])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file)).convert("RGB")), exact)
    few = Image.open(io.BytesIO(picture.png))
    assert few.mode == "P"
    assert np.abs(np.asarray(few.convert("RGB"), dtype=float) - exact).mean() < 2


def test_a_palette_changes_no_colour_where_it_holds_all():
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5)
    np.testing.assert_array_equal(plots.page.few_colors(image).convert("RGB"), image)
