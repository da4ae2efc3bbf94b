"""The labs without a browser: every control at its ends, odd settings, numbers recomputed."""
import io
import re

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.text import Text

from descent import figures, labs, language
from descent.batches import epoch_length
from descent.data import digits, penguins
from descent.labs import engine
from descent.labs.clock import N
from descent.labs.heat import RATES, SIZES, sweep
from descent.labs.race import METHODS
from descent.labs.surface import SURFACES
from descent.networks import Network
from descent.optimizers import gradient_descent
from descent.training import descend, record

LABS = [labs.first_lab, labs.training_clock, labs.descent_on_a_surface, labs.three_ways,
        labs.rate_by_batch, labs.race, labs.depth, labs.inside]
every_lab = pytest.mark.parametrize("make", LABS, ids=lambda make: make.__name__)


def pixels(png):
    return imread(io.BytesIO(png), format="png")


def ends(field):
    if hasattr(field, "options"):
        return [key for _shown, key in field.options]
    return [False, True] if isinstance(field.value, bool) else [field.min, field.max]


def numbers(text):
    return [float(part) for part in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", text)]


def alright(lab):
    assert lab.error is None
    assert lab.summary and "{" not in lab.summary and "nan" not in lab.summary
    assert lab.image.value == lab.png()


@every_lab
def test_every_control_at_both_ends(make):
    lab = make()
    for name in lab.controls:
        for value in ends(lab.controls[name]):
            lab.controls[name].value = value
            alright(lab)
            if name != "iteration":         # its range follows the batch size
                assert lab.settings[name] == value


@every_lab
def test_random_settings_draw_the_picture_that_a_new_lab_draws(make):
    lab, rng = make(), np.random.default_rng(5)
    for _round in range(6 if make is labs.training_clock else 12):
        settings = {name: rng.choice(getattr(lab._parts[name], "values", ends(field))).item()
                    for name, field in lab.controls.items() if name != "iteration"}
        if settings.get("x_axis") == "seconds":     # its picture depends on the clock
            settings["x_axis"] = "examples"
        lab.set(**settings)
        alright(lab)
        new = make(**lab.settings)
        assert new.settings == lab.settings and new.summary == lab.summary
        assert np.array_equal(pixels(new.png()), pixels(lab.png()))


@every_lab
def test_presets_and_twin(make):
    lab = make()
    before = lab.settings
    for name, settings in lab.presets.items():
        assert set(lab.controls) - set(settings) <= set(METHODS)     # who races, no preset says
        lab.set(**settings)
        assert lab.settings == {**before, **settings}
        alright(lab)
        assert make(**settings).summary == lab.summary
    lab.set(**before)
    fig = lab.twin(*list(lab.presets)[:2], {})
    assert lab.settings == before
    assert not fig.findobj(lambda artist: artist.get_animated())    # or they would not be drawn
    assert pixels(figures.png(fig)).shape[1] <= 860                 # fits a notebook


@every_lab
def test_what_a_slide_shows(make):
    lab = make()
    before, picture, names = lab.settings, lab.png(), list(lab.presets)
    found = lab.pictures({}, *(lab.presets[name] for name in names[:2]))
    assert (lab.settings, lab.png()) == (before, picture) and found[0] == (lab.summary, picture)
    view = lab.projected((1, 3), ("learning_rate",))
    keys, *_legend = view.children[0].children
    seen = ["preset" in button._dom_classes for button in keys.children]
    assert [k for k, is_seen in enumerate(seen, start=1) if is_seen] == [1, 3]
    assert view.children[1].children == (lab._parts["learning_rate"].row,)
    for name, button, (summary, picture) in zip(names, keys.children, found[1:]):
        button.click()
        assert lab.settings == {**before, **lab.presets[name]}
        assert lab.summary == summary and np.array_equal(pixels(lab.png()), pixels(picture))


@every_lab
def test_what_a_reader_without_a_kernel_gets(make):
    lab = make()
    bundle = lab._repr_mimebundle_()
    assert bundle["text/plain"] == repr(lab)
    assert " ".join(repr(lab).split()) == lab.summary       # broken between words, if it is long
    assert "application/vnd.jupyter.widget-view+json" in bundle


@every_lab
def test_names_for_a_screen_reader(make):
    lab = make()
    assert all(field.description for field in lab.controls.values())
    for part in lab._parts.values():
        if isinstance(part, engine.Number):
            assert part.slider.description == part.field.description
    assert lab.image.tooltip and lab.image.description == ""
    assert 'role="status"' in lab._status.value
    shown = [part for part in lab._parts.values() if part.row in lab.view.children[1].children]
    assert 1 <= len(shown) <= 4


@every_lab
def test_numbers_out_of_range_are_clamped(make):
    lab = make()
    lab.set(learning_rate=1e9)
    assert lab.settings["learning_rate"] == lab.controls["learning_rate"].max
    lab.set(learning_rate=-1.0)
    assert lab.settings["learning_rate"] == lab.controls["learning_rate"].min
    alright(lab)


@every_lab
def test_a_wrong_name_or_choice_says_what_is_allowed(make):
    lab = make()
    with pytest.raises(ValueError, match="no control 'rate'; it has .*learning_rate"):
        lab.set(rate=1)
    with pytest.raises(ValueError, match="learning_rate must be a number, got 'fast'"):
        lab.set(learning_rate="fast")


def test_a_wrong_choice_says_what_is_allowed():
    with pytest.raises(ValueError, match="surface must be .*ravine.*got 'moon'"):
        labs.descent_on_a_surface(surface="moon")


@every_lab
def test_every_word_is_translated(make, monkeypatch):
    class Marked:
        def gettext(self, text):
            return "¤" + text

    monkeypatch.setattr(language, "_translation", Marked())
    lab = make()
    words = [field.description for field in lab.controls.values()] + [lab.image.tooltip]
    words += [button.description for row in (0, 3)
              for button in lab.view.children[row].children if button is not lab._status]
    words += [lab.summary]
    for preset in lab.presets.values():
        lab.set(**preset)
        words += re.split(r"(?<=[.]) (?=[^\d ])", lab.summary)[:1]
    assert all("¤" in word for word in words)
    for ax in lab.figure.axes:                  # pictures carry symbols, numbers and proper names
        for text in ax.findobj(Text):
            plain = re.sub(r"\$.*?\$", "", text.get_text())
            assert not re.search(r"[a-zA-Z¤]{2,}", plain), plain


@pytest.mark.parametrize("make", [labs.depth, labs.race, labs.inside])
def test_no_label_is_cut_off_or_runs_into_another(make):
    lab = make()
    more = [{"x_axis": axis, "surface": where} for axis in ("examples", "distance")
            for where in ("ravine", "digits")] if make is labs.race else []
    for settings in [*list(lab.presets.values())[::3], *more]:
        lab.set(**settings)
        every_label_is_clear(lab.figure)
        every_label_is_clear(lab.twin(settings))


def every_label_is_clear(fig):
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    for ax in fig.axes:
        if ax.get_visible():
            for axis, gap in ((ax.xaxis, 8), (ax.yaxis, 0)):    # "k 0" would be read as k₀
                box = axis.get_tightbbox(canvas.get_renderer())
                assert box is None or ((box.min > -1) & (box.max < fig.bbox.max + 1)).all()
                one = axis.label.get_window_extent()
                for text in axis.get_ticklabels() if axis.label.get_text() else []:
                    two = text.get_window_extent()
                    aside = max(one.x0, two.x0) - min(one.x1, two.x1)
                    above = max(one.y0, two.y0) - min(one.y1, two.y1)
                    assert aside > gap or above > -4, axis.label.get_text()


def test_presets_do_not_depend_on_the_start():
    assert labs.descent_on_a_surface(surface="saddle").presets == (
        labs.descent_on_a_surface().presets)


def test_slider_and_field_are_one():
    lab = labs.descent_on_a_surface()
    part = lab._parts["learning_rate"]
    part.slider.value = part.slider.max
    assert lab.settings["learning_rate"] == 1.0
    lab.set(learning_rate=0.0333)               # between two places of the slider
    assert lab.settings["learning_rate"] == 0.0333
    assert part.values[part.slider.value] == 0.032
    part.slider.value = part.slider.value       # the browser says again where the handle is
    assert lab.settings["learning_rate"] == 0.0333


def test_batch_sizes_are_powers_of_two_and_all_examples():
    lab = labs.training_clock()
    assert lab._parts["batch_size"].values == [2**k for k in range(11)] + [1797]
    lab.set(batch_size=100)                     # any other can be typed
    assert "Iterations per epoch: 18, the last of 97." in lab.summary


def test_several_settings_make_one_redraw():
    calls = []

    def build(fig, compact):
        def draw(a, b):
            calls.append((a, b))
            return f"{a} {b}"
        return draw

    lab = engine.Lab("a title", build, {"a": engine.Number("a", [1, 2, 3], 1),
                                        "b": engine.Number("b", [1, 2, 3], 1)}, {})
    lab.set(a=2, b=3)
    lab.set(a=2, b=3)
    assert calls == [(1, 1), (2, 3)] and lab.summary == "2 3"


def test_an_exception_becomes_a_sentence():
    def build(fig, compact):
        def draw(a):
            return f"a is {6 // a}"
        return draw

    lab = engine.Lab("a title", build, {"a": engine.Number("a", [0, 1, 2], 1)}, {})
    lab.controls["a"].value = 0
    assert isinstance(lab.error, ZeroDivisionError)
    assert "There is no picture for this setting" in lab.summary
    lab.controls["a"].value = 2
    assert lab.error is None and lab.summary == "a is 3"


def test_the_summary_is_escaped():
    lab = engine.Lab("a title", lambda fig, compact: lambda a: "1 < 2 & <b>", {
        "a": engine.Number("a", [0, 1], 1)}, {})
    assert "1 &lt; 2 &amp; &lt;b&gt;" in lab._status.value


def test_nothing_that_is_typed_raises():
    lab = labs.descent_on_a_surface()
    lab.controls["learning_rate"].value = float("nan")
    assert lab.summary and lab.error is not None
    lab.controls["learning_rate"].value = 0.05
    alright(lab)


# the mouse on the picture

def mouse(lab, kind, x, y, scale=1.0):
    """What the browser sends for a place in the first axes, the picture being shown scaled."""
    ax = lab.figure.axes[0]
    right, up = ax.transData.transform((x, y))
    width, height = lab.figure.bbox.size
    place = right * scale, (height - up) * scale
    if kind == "move":
        lab._events.xy = list(place)
    else:
        lab._pressing({"event": kind, "button": 0, "relativeX": place[0], "relativeY": place[1],
                       "boundingRectWidth": width * scale})


@pytest.mark.parametrize("make", [labs.descent_on_a_surface, labs.race, labs.inside])
@pytest.mark.parametrize("scale", [1.0, 0.7])
def test_drag_the_start(make, scale):
    lab = make()
    start = lab.settings
    mouse(lab, "move", 1, 1, scale)
    assert lab.settings == start                            # a mere hover changes nothing
    mouse(lab, "mousedown", 2, 1, scale)
    mouse(lab, "move", 3, -1, scale)
    assert [lab.settings["start_x"], lab.settings["start_y"]] == pytest.approx([3, -1], abs=.03)
    mouse(lab, "mouseup", 4, 2, scale)                      # the release has the final place
    mouse(lab, "move", -3, 0, scale)                        # and what comes late is too late
    assert [lab.settings["start_x"], lab.settings["start_y"]] == pytest.approx([4, 2], abs=.03)
    mouse(lab, "mousedown", 0, -40, scale)                  # beside the axes: nothing
    mouse(lab, "move", 0, 0, scale)
    assert [lab.settings["start_x"], lab.settings["start_y"]] == pytest.approx([4, 2], abs=.03)
    alright(lab)


def test_a_drag_stays_on_the_surface():
    lab = labs.descent_on_a_surface(surface="double_well")
    mouse(lab, "mousedown", 1, 1)
    mouse(lab, "move", 50, -50)
    assert [lab.settings["start_x"], lab.settings["start_y"]] == [2.0, -1.5]
    mouse(lab, "mouseleave", 50, -50)
    mouse(lab, "move", 0, 0)
    assert lab.settings["start_x"] == 2.0


def test_on_digits_there_is_no_start_to_drag():
    lab = labs.race(surface="digits")
    before = lab.settings
    mouse(lab, "mousedown", 1, 1)
    mouse(lab, "mouseup", 2, 1)
    assert lab.settings == before


def test_click_a_cell_of_the_heat_map():
    lab = labs.rate_by_batch()
    mouse(lab, "mousedown", 9, 2)
    mouse(lab, "mouseup", 9, 2)
    assert (lab.settings["learning_rate"], lab.settings["batch_size"]) == (RATES[9], SIZES[2])


def test_drag_on_the_curve_turns_the_clock():
    lab = labs.training_clock()
    mouse(lab, "mousedown", 100, 1)
    mouse(lab, "mouseup", 114, 1)
    assert lab.settings["iteration"] == 114


# the numbers

@pytest.mark.parametrize("name", SURFACES)
def test_where_a_descent_ends(name):
    lab = labs.descent_on_a_surface(surface=name, steps=500)
    surface = SURFACES[name]
    rate = lab.settings["learning_rate"]
    end = record(descend(surface, surface.start, gradient_descent, lr=rate), 501).last.theta
    x, y, = (float(v) for v in re.search(r"at \((-?[\d.]+), (-?[\d.]+)\)", lab.summary).groups())
    assert [x, y] == pytest.approx(end, abs=.0051)
    reached = int(surface.nearest(end, within=.05))
    assert ("not at a minimum" in lab.summary) == (reached < 0)
    if reached >= 0 and len(surface.minima) > 1:
        assert f"minimum {reached + 1} of {len(surface.minima)}" in lab.summary


@pytest.mark.parametrize("rate, diverges", [(0.079, False), (0.081, True)])
def test_the_limit_of_the_ravine_is_where_it_diverges(rate, diverges):
    lab = labs.descent_on_a_surface(learning_rate=rate, steps=1000)
    run = record(descend(SURFACES["ravine"], (-4, 1), gradient_descent, lr=rate), 1001)
    assert (run.diverged > 0) == diverges
    assert (f"diverges at iteration {run.diverged}." in lab.summary) == diverges
    assert "2/λ = 0.08." in lab.summary


def test_a_start_on_the_ridge_stays_there():
    lab = labs.descent_on_a_surface(surface="saddle", start_y=0.0, steps=500)
    assert "at (0.00, 0.00), where the gradient is 0 but no minimum is" in lab.summary


def test_stable_rates():
    assert labs.stable_rate(SURFACES["ravine"]) == pytest.approx(2 / 25)
    assert labs.stable_rate(SURFACES["rosenbrock"]) == pytest.approx(2 / 1001.6, rel=1e-3)


def test_basins_against_single_runs():
    surface = SURFACES["himmelblau"]
    reached = labs.basins(surface, 0.01, steps=300, points=21)
    (x0, x1), (y0, y1) = surface.domain
    for row, column in [(0, 0), (3, 17), (20, 20), (11, 4), (16, 9)]:
        start = np.linspace(x0, x1, 21)[column], np.linspace(y0, y1, 21)[row]
        end = record(descend(surface, start, gradient_descent, lr=0.01), 301).last.theta
        assert surface.minima[reached[row, column]] == pytest.approx(end, abs=.01)
    assert set(np.unique(labs.basins(surface, 0.5, steps=50, points=12))) == {-1}


@pytest.mark.parametrize("size", [1, 7, 32, 100, 1797])
def test_the_clock_counts(size):
    per_epoch = epoch_length(N, size)
    lab = labs.training_clock(batch_size=size, epochs=2, iteration=per_epoch + 1)
    found = numbers(lab.summary.split("Loss of each")[0])
    last = N - size * (per_epoch - 1)
    first = min(size, N)
    assert found[:4] == [per_epoch + 1, 2 * per_epoch, 2, first]
    assert found[5:] == [N + first, first, N, per_epoch, last]


def test_an_epoch_of_subsets_does_not_see_everything():
    lab = labs.training_clock(feeding="random_subset", iteration=57)
    drawn, distinct, n = numbers(lab.summary.split("Examples seen:")[1])[:3]
    assert (drawn, n) == (57 * 32, N)
    assert distinct / n == pytest.approx(1 - (1 - 32 / N)**57, abs=.03)
    lab.set(feeding="random_with_replacement", iteration=57)
    assert numbers(lab.summary.split("Examples seen:")[1])[1] / n == pytest.approx(
        1 - (1 - 1 / N)**drawn, abs=.03)


def test_the_epochs_loss_is_weighted_by_size():
    rows, run = labs.clock.train("mini_batches", 1796, 2.0, 1)
    assert sorted(np.concatenate(rows)) == list(range(N)) and len(rows[-1]) == 1
    assert abs(run.loss[1] - run.loss[0]) > .1      # so that a plain mean would show
    lab = labs.training_clock(batch_size=1796, learning_rate=2.0, epochs=1, iteration=2)
    mean = (1796 * run.loss[0] + run.loss[1]) / N
    assert numbers(lab.summary)[-1] == pytest.approx(mean, rel=.005)


def test_full_batch_sees_all_at_once():
    lab = labs.training_clock(feeding="full_batch", batch_size=4, iteration=2, epochs=5)
    assert "Iteration 2 of 5, in epoch 2: a batch of 1797" in lab.summary
    x, y = digits()
    assert "Iterations per epoch: 1, the last of 1797." in lab.summary and len(y) == N


def test_the_scrubber_keeps_its_place_when_the_batch_changes():
    lab = labs.training_clock(iteration=171)
    lab.controls["batch_size"].value = 64
    assert lab.settings["iteration"] == 87 == lab.controls["iteration"].max
    lab.controls["feeding"].value = "full_batch"
    assert lab.settings["iteration"] == 3
    lab.set(feeding="mini_batches", batch_size=32, iteration=20)
    for size in (1797, 3, 512, 1):              # what a drag passes on its way
        lab.controls["batch_size"].value = size
    assert lab.settings["iteration"] == round(20 / 171 * 5391)


@pytest.mark.parametrize("scale", ["shifted", "raw", "standardised"])
def test_the_bowl_is_the_loss_of_a_line(scale):
    objective, minimum, lowest, hessian = labs.bowl(scale)
    x, y = penguins(scale)
    line = Network((1, 1), activation="identity", loss="mean_squared_error").loss_and_gradient
    theta = minimum + np.random.default_rng(3).normal(size=(5, 2)) * np.abs(minimum)
    for got, wanted in zip(objective(theta), line(theta, x, y)):
        assert got == pytest.approx(wanted, rel=1e-6)
    slope, level = np.polyfit(x[:, 0], y, 1)
    assert minimum == pytest.approx([slope, level], rel=1e-6)
    inputs = np.column_stack([x, np.ones(len(y))])
    assert hessian == pytest.approx(2 / len(y) * inputs.T @ inputs, rel=1e-9)


def test_what_is_set_overrules_what_follows():
    for settings in ({"scale": "standardised", "learning_rate": 0.3},
                     {"learning_rate": 0.3, "scale": "standardised"}):
        lab = labs.three_ways()
        lab.set(**settings)
        assert lab.settings["learning_rate"] == 0.3
        lab.set(scale="shifted")
        assert lab.settings["learning_rate"] == 0.05


def test_a_batch_of_one_and_a_batch_of_all():
    assert labs.shrinkage(342, 1, False) == labs.shrinkage(342, 1, True) == 1
    assert labs.shrinkage(342, 342, False) == 0


@pytest.mark.parametrize("replace", [False, True])
def test_the_cloud_agrees_with_the_theory(replace):
    minimum = labs.bowl("shifted")[1]
    for size in (1, 16, 300):
        cloud, mean, covariance = labs.gradient_cloud("shifted", minimum, size, replace, draws=4000)
        theory = np.trace(covariance) * labs.shrinkage(342, size, replace)
        assert ((cloud - mean)**2).sum(axis=1).mean() == pytest.approx(theory, rel=.08)
        assert mean == pytest.approx([0, 0], abs=1e-9)


def test_one_budget_for_three_ways():
    lab = labs.three_ways(batch_size=50, epochs=5)
    counts = [int(n) for n in re.findall(r"after (\d+)", lab.summary)]
    assert counts == [5, 35, 35]
    falls, = (ax for ax in lab.figure.axes if ax.get_yscale() == "log")
    limits = {}
    for axis in ("iterations", "epochs", "examples"):
        lab.set(x_axis=axis)
        limits[axis] = falls.get_xlim()
    assert limits == {"iterations": (0, 35), "epochs": (0, 5), "examples": (0, 5 * 342)}


def test_three_ways_are_one_with_all_examples():
    lab = labs.three_ways(batch_size=342)
    shares = re.findall(r": ([\d.e-]+) after 10", lab.summary)
    assert len(shares) == 3 and len(set(shares)) == 1


def test_the_heat_map_against_a_single_run():
    accuracy, losses = sweep("spirals", 1000, seed=3)
    network, x, y, x_test, y_test = labs.heat.data("spirals")
    rng = np.random.default_rng(3)
    start = network.initial(rng)
    run = record(descend(network.loss_and_gradient, start, gradient_descent,
                         labs.heat.mini_batches(x, y, size=SIZES[3], rng=rng), lr=RATES[5]),
                 1000 // SIZES[3] + 1)
    assert losses[3][:, 5] == pytest.approx(run.loss, rel=1e-9)
    right = (network.predict(run.last.theta, x_test) == y_test).mean()
    assert accuracy[3, 5] == right and accuracy.shape == (8, 12)


def test_a_pair_snaps_to_the_map():
    lab = labs.rate_by_batch(learning_rate=0.2, batch_size=100)
    assert (lab.settings["learning_rate"], lab.settings["batch_size"]) == (0.23, 128)


def test_the_png_is_what_matplotlib_reads():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (7, 5, 4), dtype=np.uint8)
    assert np.array_equal(np.round(pixels(engine.quick_png(image)) * 255), image[..., :3])
