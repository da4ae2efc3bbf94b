"""Networks: gradients in every combination, views, initialisation, losses, and bad input."""

from itertools import product

import numpy as np
import pytest

import descent
from descent.networks import ACTIVATIONS, INITIALISATIONS

LOSSES = "cross_entropy", "mean_squared_error"
DEPTHS = {0: (3, 4), 1: (3, 5, 4), 2: (3, 5, 2, 4), 3: (3, 4, 5, 2, 4)}


def numerical_gradient(objective, theta, h=1e-6):
    """Central differences, all of them at once: each a run on the runs axis."""
    steps = h * np.eye(theta.shape[-1])
    up, down = objective(theta + steps)[0], objective(theta - steps)[0]
    return (up - down) / (2 * h)


def examples(loss, batch=(6,), inputs=3, outputs=4, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.integers(outputs, size=batch) if loss == "cross_entropy"
         else rng.normal(size=(*batch, outputs)))
    return rng.normal(size=(*batch, inputs)), y


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_in_every_combination(loss, depth):
    x, y = examples(loss)
    for k, (activation, init) in enumerate(product(ACTIVATIONS, INITIALISATIONS)):
        net = descent.Network(DEPTHS[depth], activation, init, loss=loss)
        rng = np.random.default_rng(k)
        theta = net.initial(rng) + 0.1 * rng.normal(size=net.size)  # biases that are not 0
        for objective in (net.loss_and_gradient,
                          descent.with_l2(net.loss_and_gradient, 0.3, net.is_weight),
                          descent.with_l2(net.loss_and_gradient, 0.3)):
            grad = objective(theta, x, y)[1]
            expected = numerical_gradient(lambda t: objective(t, x, y), theta)
            scale = max(1, np.abs(grad).max())
            np.testing.assert_allclose(grad / scale, expected / scale, rtol=0, atol=1e-7,
                                       err_msg=f"{activation} {init}")
            assert np.abs(grad).max() > 1e-3


@pytest.mark.parametrize("own_x, own_y", [(False, False), (True, True), (True, False),
                                          (False, True)])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_run_among_others_is_the_run_alone(loss, own_x, own_y):
    """x and y shared by the runs or each run's own; to 1e-12, as sums can run in other orders."""
    x, _ = examples(loss, (2, 3, 6) if own_x else (6,))
    _, y = examples(loss, (2, 3, 6) if own_y else (6,))
    for activation, sizes in product(ACTIVATIONS, DEPTHS.values()):
        net = descent.Network(sizes, activation, loss=loss)
        theta = np.stack([net.initial([np.random.default_rng(10 * i + j) for j in range(3)])
                          for i in range(2)])
        losses, grads = net.loss_and_gradient(theta, x, y)
        assert losses.shape == (2, 3) and grads.shape == theta.shape
        for i, j in np.ndindex(2, 3):
            one_loss, one_grad = net.loss_and_gradient(
                theta[i, j], x[i, j] if own_x else x, y[i, j] if own_y else y)
            np.testing.assert_allclose(losses[i, j], one_loss, rtol=1e-13)
            np.testing.assert_allclose(grads[i, j], one_grad, rtol=1e-12, atol=1e-14)
            np.testing.assert_array_equal(net.predict(theta, x)[i, j].shape,
                                          net.predict(theta[i, j], x[i, j] if own_x else x).shape)


def test_layers_are_views_in_order():
    net = descent.Network((3, 5, 4))
    assert net.size == 4 * 5 + 6 * 4 == net.is_weight.size
    for lead in (), (7,), (2, 3):
        theta = np.zeros((*lead, net.size))
        first, second = net.layers(theta)
        assert first.shape == (*lead, 4, 5) and second.shape == (*lead, 6, 4)
        first[...], second[...] = 1, 2
        np.testing.assert_array_equal(theta, np.broadcast_to([1.0] * 20 + [2] * 24, theta.shape))
    history = np.zeros((9, 2, net.size))
    net.layers(history[::2, 1])[0][..., -1, :] = 5  # the biases of every second step of a run
    assert history.sum() == 5 * 5 * 5


def test_layers_of_a_gradient_are_the_gradients_of_the_layers():
    net = descent.Network((3, 5, 4), "tanh", loss="mean_squared_error")
    x, y = examples("mean_squared_error")
    theta = net.initial(np.random.default_rng(0))
    loss, handed_on, signals = net.backward(theta, x, y)
    assert loss == net.loss_and_gradient(theta, x, y)[0]
    np.testing.assert_array_equal(handed_on[0], x)
    np.testing.assert_allclose(signals[-1], 2 * (net.predict(theta, x) - y) / 6, rtol=1e-14)
    grads = net.layers(net.loss_and_gradient(theta, x, y)[1])
    for grad, a, signal in zip(grads, handed_on, signals, strict=False):
        np.testing.assert_allclose(grad[:-1], a.T @ signal, rtol=1e-12)
        np.testing.assert_allclose(grad[-1], signal.sum(axis=0), rtol=1e-12)


def test_forward_by_hand():
    net = descent.Network((2, 2, 1), "relu", loss="mean_squared_error")
    theta = np.array([1.0, 2, -1, 1, 0.5, -3, 2, 10, 7])  # weights 2x2, biases; weights 2x1, bias
    x, hidden, outputs = net.forward(theta, [[1, 2]])
    np.testing.assert_array_equal(hidden, [[max(0, 1 - 2 + 0.5), 2 + 2 - 3]])
    np.testing.assert_array_equal(outputs, [[0 * 2 + 1 * 10 + 7]])


@pytest.mark.parametrize("activation, at_2, at_minus_1", [
    ("sigmoid", 0.8807970779778823, 0.2689414213699951),
    ("tanh", 0.9640275800758169, -0.7615941559557649), ("relu", 2, 0), ("identity", 2, -1)])
def test_activations(activation, at_2, at_minus_1):
    function, slope = ACTIVATIONS[activation]
    np.testing.assert_allclose(function(np.array([2.0, -1.0])), [at_2, at_minus_1], rtol=1e-15)
    z = np.array([-1.3, 0.2, 3.0])
    np.testing.assert_allclose(slope(function(z)) * np.ones(3),
                               (function(z + 1e-6) - function(z - 1e-6)) / 2e-6, rtol=1e-8)
    with np.errstate(all="raise"):
        assert np.isfinite(function(np.array([-1e4, 1e4]))).all()


@pytest.mark.parametrize("init, variance", [("normal", 1), ("lecun", 1 / 200), ("he", 2 / 200),
                                            ("xavier", 2 / 300)])
def test_initialisations(init, variance):
    net = descent.Network((200, 100, 300), init=init, gain=3.0)
    first, second = net.layers(net.initial(np.random.default_rng(0)))
    weights = first[:-1]  # 20,000 of them: their variance is off by 1 % or so, 5 are allowed
    assert np.var(weights) == pytest.approx(9 * variance, rel=0.05)
    assert abs(weights.mean()) < 5 * (9 * variance / 20000)**0.5
    assert not first[-1].any() and not second[-1].any()
    assert (net.layers(net.is_weight)[0][:-1] == 1).all() and net.is_weight.sum() == 20000 + 30000


def test_initial_repeats_with_the_seed_and_by_run():
    net = descent.Network((3, 4, 2))
    runs = net.initial([np.random.default_rng(k) for k in (0, 1, 0)])
    assert runs.shape == (3, net.size)
    for run, seed in zip(runs, (0, 1, 0)):
        np.testing.assert_array_equal(run, net.initial(np.random.default_rng(seed)))
    assert (runs[0] != runs[1]).any()


def test_cross_entropy_by_hand():
    net = descent.Network((2, 3))
    theta = np.zeros(9)
    loss, _ = net.loss_and_gradient(theta, np.ones((4, 2)), [0, 1, 2, 0])
    assert loss == pytest.approx(np.log(3))
    theta[-3:] = np.log([1, 2, 5])
    loss, grad = net.loss_and_gradient(theta, np.zeros((2, 2)), [0, 2])
    assert loss == pytest.approx(-(np.log(1 / 8) + np.log(5 / 8)) / 2, rel=1e-14)
    np.testing.assert_allclose(grad[-3:], [1 / 8 - 1 / 2, 2 / 8, 5 / 8 - 1 / 2], rtol=1e-14)
    np.testing.assert_array_equal(net.predict(theta, np.zeros((2, 2))), [2, 2])


@pytest.mark.parametrize("logit", [1e4, -1e4, 1e300])
def test_log_sum_exp_survives(logit):
    net = descent.Network((1, 2))
    theta = np.array([0.0, 0.0, logit, 0.0])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        losses = [net.loss_and_gradient(theta, [[1.0]], [label])[0] for label in (0, 1)]
    assert losses == ([0, logit] if logit > 0 else [-logit, 0])


def test_mean_squared_error_by_hand():
    """(1/N) sum of squares, gradient (2/N) X^T (X theta - y); y (N,) is a column, not a row."""
    rng = np.random.default_rng(0)
    x, y, theta = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=4)
    net = descent.Network((3, 1), loss="mean_squared_error")
    design = np.hstack([x, np.ones((7, 1))])
    error = design @ theta - y
    for target in y, y[:, None]:
        loss, grad = net.loss_and_gradient(theta, x, target)
        assert loss == pytest.approx(np.mean(error**2), rel=1e-13)
        np.testing.assert_allclose(grad, 2 / 7 * design.T @ error, rtol=1e-12)
    runs = net.loss_and_gradient(np.stack([theta, 0 * theta]), x, y)[0]
    np.testing.assert_allclose(runs, [np.mean(error**2), np.mean(y**2)], rtol=1e-13)
    own = net.loss_and_gradient(np.stack([theta, theta]), np.stack([x, x]), np.stack([y, -y]))[0]
    np.testing.assert_allclose(own, [np.mean(error**2), np.mean((error + 2 * y)**2)], rtol=1e-13)


def test_two_outputs_are_summed_not_averaged():
    net = descent.Network((1, 2), loss="mean_squared_error")
    loss, grad = net.loss_and_gradient(np.zeros(4), [[1.0]], [[3.0, 4.0]])
    assert loss == 25
    np.testing.assert_array_equal(grad, [-6, -8, -6, -8])


def test_l2_by_hand():
    penalised = descent.with_l2(lambda theta: (np.sum(theta, axis=-1), np.ones_like(theta)), 0.5,
                                weights=np.array([1.0, 0.0, 2.0]))
    loss, grad = penalised(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_array_equal(loss, [6 + 0.25 * (1 + 18), 0])
    np.testing.assert_array_equal(grad, [[1.5, 1, 4], [1, 1, 1]])


def test_a_network_learns_digits():
    (x, y), (x_test, y_test) = descent.split(*descent.digits(), rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    net = descent.Network((64, 32, 10))
    history = descent.record(descent.descend(
        net.loss_and_gradient, net.initial(rng), descent.adam,
        descent.mini_batches(x, y, size=32, rng=rng), lr=0.01), 400, keep=["loss"])
    assert (net.predict(history.last.theta, x_test) == y_test).mean() > 0.93


# Bad input: what was given, and what is allowed

@pytest.mark.parametrize("given, message", [
    (dict(activation="gelu"),
     "activation must be one of sigmoid, tanh, relu, identity, got 'gelu'"),
    (dict(activation=None), "activation must be one of"), (dict(activation=[]), "activation must"),
    (dict(init="kaiming"), "init must be one of normal, lecun, xavier, he, got 'kaiming'"),
    (dict(loss="mse"), "loss must be one of cross_entropy, mean_squared_error, got 'mse'"),
    (dict(gain=0), "gain must be a positive number, got 0"), (dict(gain=-1), "gain"),
    (dict(gain=np.nan), "gain"), (dict(gain=np.inf), "gain"), (dict(gain="1"), "gain"),
    (dict(gain=None), "gain"), (dict(gain=np.ones(2)), "gain"),
    (dict(sizes=(3,)), r"sizes must be two or more whole numbers from 1, got \(3,\)"),
    (dict(sizes=()), "sizes"), (dict(sizes=3), "sizes"), (dict(sizes=(3, 0, 2)), "sizes"),
    (dict(sizes=(3, -1)), "sizes"), (dict(sizes=(3, 2.5)), "sizes"), (dict(sizes="34"), "sizes"),
    (dict(sizes=(3, None)), "sizes"), (dict(sizes=(3, "4")), "sizes"),
    (dict(sizes=None), "sizes"), (dict(sizes=[[3, 4], [4, 5]]), "sizes"),
    (dict(sizes=(True, True)), "sizes"), (dict(sizes=(3, np.nan)), "sizes")])
def test_network_refuses(given, message):
    with pytest.raises(ValueError, match=message):
        descent.Network(**{"sizes": (3, 2), **given})


def test_sizes_may_be_numpys():
    assert descent.Network(np.array([3, 4, 2])).sizes == (3, 4, 2)


@pytest.mark.parametrize("rng", [None, 0, [], (), np.random, [np.random.default_rng(0), 1], "rng",
                                 np.random.RandomState(0)])
def test_initial_refuses(rng):
    with pytest.raises(ValueError, match="rng must be a NumPy Generator, or a list .* run: "):
        descent.Network((3, 2)).initial(rng)


@pytest.mark.parametrize("theta, x", [
    (np.zeros(16), np.zeros((6, 4))), (np.zeros(16), np.zeros(3)), (np.zeros(16), 3.0),
    (np.zeros(15), np.zeros((6, 3))), (np.zeros(17), np.zeros((6, 3))), (3.0, np.zeros((6, 3))),
    (np.zeros(16), np.zeros((0, 3))), (np.zeros(16), np.zeros((2, 6, 3))),
    (np.zeros((2, 16)), np.zeros((3, 6, 3))), (np.zeros((1, 16)), np.zeros((2, 6, 3))),
    (np.zeros((2, 16)), np.zeros((1, 6, 3))), (np.zeros((5, 16)), np.zeros((2, 5, 6, 3)))])
def test_shapes_that_do_not_fit(theta, x):
    net = descent.Network((3, 4))
    for call in (net.predict, net.forward, lambda t, x: net.loss_and_gradient(t, x, [0] * 6)):
        with pytest.raises(ValueError, match="must (have shape|hold examples) .* got"):
            call(theta, x)


@pytest.mark.parametrize("y", [
    [0, 1, 2, 3, 0], [0] * 7, [[0]] * 6, [[0] * 6], 2, [0, 1, 2, 3, 4, 0], [0, 1, -1, 0, 0, 0],
    [0, 1, 0.5, 0, 0, 0], [0, 1, np.nan, 0, 0, 0], ["0"] * 6, [None] * 6, np.eye(4)[[0] * 6],
    [], np.zeros((2, 6))], ids=str)
def test_labels_that_do_not_fit(y):
    net = descent.Network((3, 4))
    with pytest.raises(ValueError, match="one whole label from 0 to 3 for each of the 6 .* got"):
        net.loss_and_gradient(np.zeros(16), np.zeros((6, 3)), y)


def test_labels_may_be_whole_floats():
    net, x = descent.Network((3, 4)), np.ones((2, 3))
    assert (net.loss_and_gradient(np.arange(16.0), x, [1.0, 2.0])[0]
            == net.loss_and_gradient(np.arange(16.0), x, [1, 2])[0])


@pytest.mark.parametrize("y", [np.zeros(6), np.zeros((6, 1)), np.zeros((6, 3)), np.zeros((5, 2)),
                               0.0, [["a", "b"]] * 6, [[None, 1]] * 6, np.zeros((1, 2)),
                               np.zeros((2, 6, 2)), np.zeros((2, 6))])
def test_targets_that_do_not_fit(y):
    net = descent.Network((3, 2), loss="mean_squared_error")
    with pytest.raises(ValueError, match=r"must hold numbers \(..., 6, 2\) .* got shape"):
        net.loss_and_gradient(np.zeros(8), np.zeros((6, 3)), y)


def test_a_row_of_targets_for_one_output_is_refused():
    net = descent.Network((3, 1), loss="mean_squared_error")
    for y in np.zeros((1, 6)), np.zeros(5), 0.0, np.zeros((2, 6)):
        with pytest.raises(ValueError, match="must hold numbers .* got shape"):
            net.loss_and_gradient(np.zeros(4), np.zeros((6, 3)), y)


@pytest.mark.parametrize("lam", [-0.1, np.nan, np.inf, "0.1", None, np.array([0.1, 0.2])])
def test_l2_refuses(lam):
    with pytest.raises(ValueError, match="lam must be a number from 0, got"):
        descent.with_l2(descent.beale, lam)


@pytest.mark.parametrize("weights", [np.ones((3, 1)), np.ones(3), "all", None, [1, np.nan]])
def test_l2_refuses_weights(weights):
    with pytest.raises(ValueError, match="weights a number or|broadcast .* shapes"):
        descent.with_l2(descent.beale, 0.1, weights)(np.array([1.0, 2.0]))


def test_nothing_is_written_to():
    for loss in LOSSES:
        net, (x, y) = descent.Network((3, 5, 4), "identity", loss=loss), examples(loss)
        theta = net.initial(np.random.default_rng(0))
        before = [a.copy() for a in (theta, x, y)]
        net.loss_and_gradient(theta, x, y)
        for a, b in zip((theta, x, y), before):
            np.testing.assert_array_equal(a, b)
