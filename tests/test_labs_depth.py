"""The depth lab: its numbers against plain matrices and single runs, its remedies, its edges."""
import re

import numpy as np
import pytest

from descent import labs
from descent.batches import mini_batches
from descent.data import digits, split
from descent.labs.depth import (CHANGE, PROBE, SIGNAL, angle_between, data, prepared,
                                relative_change, steps_for, train)
from descent.networks import Network
from descent.theory import signal_factors


def parts(lab):
    """What the summary says: measured factor, theory's, share at the first layer, accuracy ..."""
    found = {name: re.search(pattern, lab.summary) for name, pattern in {
        "factor": r"signal by ([\d.e+-]+)", "theory": r"theory ([\d.e+-]+)\)",
        "share": r"layer's is ([\d.e+-]+) times", "accuracy": r"([\d]+) % of the test",
        "still": r"of \d+ layers (\d+) moved", "cut": r"cut (\d+) of", "angle": r"by (\d+)°",
        "l2": r"λW, ([\d.e+-]+) times"}.items()}
    return {name: float(match[1]) for name, match in found.items() if match}


def lines(lab, panel):
    """The lines of a panel by marker: "o" measured, "v" and "^" at the edges, "--" theory."""
    return {line.get_marker() if line.get_marker() != "None" else line.get_linestyle(): line
            for line in lab.figure.axes[panel].lines}


def weights(network, theta):
    return [(part[:-1], part[-1]) for part in network.layers(theta)]


@pytest.mark.parametrize("activation, phi", [("relu", lambda z: np.maximum(z, 0)),
                                             ("tanh", np.tanh)])
def test_the_signal_is_the_slope_of_the_loss(activation, phi):
    network, theta, norms, _theory = prepared(3, activation, "he", 1.5, 4)
    x, y = (part[:PROBE] for part in data()[:2])

    def loss_from(layer, z):
        """The loss if layer `layer` has the sums z; log-sum-exp, by hand."""
        for w, b in weights(network, theta)[layer + 1:]:
            z = phi(z) @ w + b
        high = z.max(axis=1, keepdims=True)
        return (np.log(np.exp(z - high).sum(axis=1)) + high[:, 0]
                - z[np.arange(len(y)), y]).mean()

    a = x
    for layer, (w, b) in enumerate(weights(network, theta)):
        z = a @ w + b
        push = np.random.default_rng(layer).normal(size=(40, *z.shape)) * 1e-5
        slopes = [(loss_from(layer, z + p) - loss_from(layer, z - p)) / 2e-5 for p in push]
        # the mean square of random directional slopes is the squared length of the gradient
        assert np.mean(np.square(slopes))**0.5 == pytest.approx(norms[layer], rel=.35)
        a = phi(z)
    assert len(norms) == 4


def test_the_theory_line_starts_at_the_output():
    network, _theta, norms, theory = prepared(5, "tanh", "lecun", 2.0, 1)
    factors = signal_factors(network, data()[0][:PROBE])
    assert theory[-1] == norms[-1]
    for k in range(5):
        assert theory[k] == pytest.approx(theory[k + 1] * factors[k])


def test_test_and_training_part():
    (x, y), (x_test, y_test) = split(*digits(), rng=np.random.default_rng(2))
    assert [len(part) for part in data()] == [1437, 1437, 360, 360]
    assert all(np.array_equal(*pair) for pair in zip(data(), (x, y, x_test, y_test)))


@pytest.mark.parametrize("norm, value, lam", [(None, None, 0), (1.0, None, 0), (None, .01, 0),
                                              (.5, .02, .1)])
def test_the_training_by_hand(norm, value, lam):
    network = Network((64, 32, 32, 10), "relu", "he", 2.0)
    theta = start = network.initial(np.random.default_rng(0))
    losses, last, cut, angle = train(network, start, .05, 16, 12, 3, norm, value, lam)
    feed = mini_batches(*data()[:2], size=16, rng=np.random.default_rng(3))
    expected, count = [], 0
    for k in range(13):
        loss, g = network.loss_and_gradient(theta, *next(feed))
        expected.append(loss)           # the data's, beside that of a guess: without the penalty
        g = g + lam * theta * network.is_weight
        if k == 12:
            break
        step = g if value is None else np.minimum(np.maximum(g, -value), value)
        if norm is not None and np.sqrt((step**2).sum()) > norm:
            step = step * norm / np.sqrt((step**2).sum())
        if k == 0:
            turned = np.degrees(np.arccos(g @ step / np.sqrt((g @ g) * (step @ step))))
        count += not np.allclose(step, g, rtol=1e-12)
        theta = theta - .05 * step
    assert losses == pytest.approx(expected) and last == pytest.approx(theta)
    assert cut == count and angle == pytest.approx(turned, abs=1e-3)
    assert (angle > 20) == (value is not None)


def test_angles():
    assert angle_between(np.array([1., 0]), np.array([1., 1])) == pytest.approx(45)
    assert angle_between(np.array([1., 0]), np.array([-1., 0])) == pytest.approx(180)
    assert angle_between(np.array([1., 0]), np.zeros(2)) == 0


def test_relative_change_leaves_the_biases_out():
    network = Network((2, 3, 2))
    before = network.initial(np.random.default_rng(0))
    after = before.copy()
    network.layers(after)[0][-1] += 5               # biases only
    network.layers(after)[1][:-1] *= 1.25
    assert relative_change(network, before, after) == pytest.approx([0, .25])


@pytest.mark.parametrize("preset", ["vanishes", "tanh holds"])
def test_the_summary_says_what_happened(preset):
    lab = labs.depth()
    lab.set(**lab.presets[preset])
    now, said = lab.settings, parts(lab)
    network, theta, norms, theory = prepared(8, now["activation"], "xavier", 1.0, now["seed"])
    _losses, last, _cut, _angle = train(network, theta, .1, 32, 200, now["seed"])
    x_test, y_test = data()[2:]
    assert said["accuracy"] == round(100 * (network.predict(last, x_test) == y_test).mean())
    moves = [np.linalg.norm(w1 - w0) / np.linalg.norm(w0) for (w0, _b0), (w1, _b1) in
             zip(weights(network, theta), weights(network, last))]
    assert said["still"] == sum(move < .01 for move in moves)
    assert said["factor"]**8 == pytest.approx(norms[0] / norms[-1], rel=.05)
    assert said["theory"]**8 == pytest.approx(theory[0] / theory[-1], rel=.05)
    assert said["share"] == pytest.approx(norms[0] / norms[-1], rel=.06)


@pytest.mark.parametrize("settings, share", [
    ({"activation": "relu", "init": "he", "gain": 3.0}, "8200"), ({"depth": 40}, "9.1e-26")])
def test_a_share_is_a_number_to_read(settings, share):
    assert f"the first layer's is {share} times the output's" in labs.depth(**settings).summary


# each preset and each remedy does what its name says, whatever the seed

@pytest.fixture(scope="module")
def seen():
    """{preset: [parts of the summary at some seeds]}"""
    lab = labs.depth()
    found = {}
    for name, settings in lab.presets.items():
        found[name] = []
        for seed in (1, 4, 7):
            lab.set(**{**settings, "seed": seed})
            found[name].append({**parts(lab), "text": lab.summary})
    return found


def test_what_the_presets_show(seen):
    for now in seen["vanishes"] + seen["stands still"]:
        assert now["factor"] < .3 and now["accuracy"] < 15 and now["still"] >= 7
    for now in seen["tanh holds"]:
        assert .8 < now["factor"] < 1.2 and now["accuracy"] > 75 and now["still"] == 0
    for now in seen["ReLU and He"]:
        assert .8 < now["factor"] < 1.2 and now["accuracy"] > 45 and now["still"] == 0
    for now in seen["fewer layers"]:
        assert now["accuracy"] > 50 and "1 hidden layer," in now["text"]
    for now in seen["explodes"] + seen["L2"]:
        assert 2.5 < now["factor"] < 3.5 and "no finite number" in now["text"]
    for name in ("clipped by norm", "clipped by value", "lower rate"):
        for now, before in zip(seen[name], seen["explodes"]):
            assert now["accuracy"] > 20 and now["factor"] == before["factor"]
    assert all(now["angle"] == 0 and now["cut"] == 200 for now in seen["clipped by norm"])
    assert all(now["angle"] > 30 and now["cut"] > 150 for now in seen["clipped by value"])
    assert all(now["l2"] < 1e-3 for now in seen["L2"])
    for now in seen["40 layers"]:
        assert .8 < now["factor"] < 1.2 and "40 hidden layers" in now["text"]


@pytest.mark.parametrize("preset", ["vanishes", "explodes"])
@pytest.mark.parametrize("switch", ["relu", "fewer", "l2", "clip_norm", "clip_value"])
def test_one_press_shows_a_remedy_and_another_takes_it_back(preset, switch):
    lab = labs.depth()
    lab.set(**lab.presets[preset])
    before, picture = lab.summary, lab.image.value
    lab.controls[switch].value = True
    changed = lab.summary != before
    assert changed == ((preset, switch) != ("explodes", "relu"))      # it is ReLU and He already
    lab.controls[switch].value = False
    assert lab.summary == before and lab.image.value == picture


def test_the_switches_are_settings():
    lab = labs.depth(depth=6, steps=20, relu=True)
    assert lab.summary == labs.depth(depth=6, steps=20, activation="relu", init="he").summary
    lab = labs.depth(depth=6, steps=20, fewer=True)
    assert lab.summary == labs.depth(depth=1, steps=20).summary


def test_a_lower_rate_leaves_the_gradient_as_it_is():
    lab = labs.depth(activation="relu", init="he", gain=3.0)
    line = lines(lab, 0)["o"].get_ydata().copy()
    for rate in (1e-6, 1e-3, 10):
        lab.set(learning_rate=rate)
        assert np.array_equal(lines(lab, 0)["o"].get_ydata(), line)


def test_a_twin_of_every_preset():
    lab = labs.depth()
    assert len(lab.twin(*lab.presets, columns=4).axes) == 3 * len(lab.presets)


# the edges

def test_what_is_beyond_the_edge_is_marked_there():
    lab = labs.depth(depth=40)
    norms = prepared(40, "sigmoid", "xavier", 1.0, lab.settings["seed"])[2]
    beyond = (norms < SIGNAL[0]).sum()
    assert beyond > 10
    low = lines(lab, 0)["v"]
    assert len(low.get_xdata()) == beyond and set(low.get_ydata()) == {SIGNAL[0]}
    assert len(lines(lab, 0)["^"].get_xdata()) == 0
    lab.set(activation="relu", init="normal", gain=10)
    assert len(lines(lab, 0)["^"].get_xdata()) > 30
    assert set(lines(lab, 1)["^"].get_ydata()) == {CHANGE[1]}
    assert len(lines(lab, 1)["^"].get_xdata()) == 41
    for panel, ax in enumerate(lab.figure.axes):
        low, high = ax.get_ylim()
        for marker in "ov^":
            if marker in lines(lab, panel):
                y = np.asarray(lines(lab, panel)[marker].get_ydata())
                assert ((y >= low) & (y <= high)).all()


def test_the_axes_are_those_of_every_setting():
    lab = labs.depth()
    limits = [ax.get_ylim() for ax in lab.figure.axes]
    for settings in ({"depth": 40}, {"gain": 10}, {"activation": "relu", "init": "normal"}):
        lab.set(**settings)
        assert [ax.get_ylim() for ax in lab.figure.axes] == limits


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("init, gain", [("normal", 10), ("xavier", .1)])
@pytest.mark.parametrize("rate", [1e-6, 10])
def test_extremes_are_a_picture_and_a_sentence(activation, init, gain, rate):
    lab = labs.depth(steps=10)
    for depth in (40, 1):
        for size in (1, 128):
            lab.set(depth=depth, steps=10, batch_size=size, activation=activation, init=init,
                    gain=gain, learning_rate=rate, l2=size == 1, clip_value=size == 128)
            assert lab.error is None
            assert not re.search(r"nan|\binf\b|{", lab.summary)


def test_the_depth_keeps_the_number_of_steps_where_it_can():
    lab = labs.depth(**labs.depth().presets["vanishes"])
    for depth, steps in [(5, 200), (2, 200), (20, 80), (40, 40), (39, 40), (3, 133), (1, 200)]:
        lab.controls["depth"].value = depth
        assert lab.settings["steps"] == steps
    lab.set(depth=40, steps=100)
    assert lab.settings["steps"] == 100
    assert max(steps_for(depth, 400) * depth for depth in range(1, 41)) <= 1600


def test_the_first_task_of_the_lab_can_be_done():
    """Lower the depth until the network learns; a higher rate helps where it is shallow."""
    lab = labs.depth(**labs.depth().presets["vanishes"])
    right = []
    for depth, rate in [(8, 0.1), (2, 0.1), (2, 1.0)]:
        lab.controls["depth"].value = depth
        lab.controls["learning_rate"].value = rate
        right.append(int(re.search(r"(\d+) % of the test digits", lab.summary)[1]))
    assert right[0] < 20 and right[2] > 80
