"""The loop: what it yields, what is recorded, runs at once, divergence, and bad input."""

import warnings
from functools import partial
from itertools import islice, product, repeat

import numpy as np
import pytest

import descent

OPTIMIZERS = [descent.gradient_descent, descent.momentum, descent.nesterov, descent.rmsprop,
              descent.adam, descent.clipped(descent.momentum, norm=1.0),
              descent.clipped(descent.adam, value=0.5)]
SURFACES = [descent.ravine(), descent.double_well, descent.saddle, descent.rosenbrock,
            descent.beale, descent.himmelblau]


def bowl(theta):
    """A quadratic of any number of parameters, whose gradient is theta."""
    return np.sum(theta**2, axis=-1) / 2, theta


def same(a, b, atol=0.0):
    np.testing.assert_allclose(a, b, rtol=0, atol=atol)


# What is yielded and recorded

def test_steps_by_hand():
    steps = list(islice(descent.descend(bowl, [4.0, -8.0], descent.momentum, lr=0.5, beta=0.5), 3))
    same([step.theta for step in steps], [[4, -8], [2, -4], [0, 0]])
    same([step.loss for step in steps], [40, 10, 0])
    same([step.grad for step in steps], [[4, -8], [2, -4], [0, 0]])
    assert steps[0].memory == {}
    same(steps[1].memory["v"], [4, -8])
    same(steps[2].memory["v"], [4, -8])


def test_each_batch_makes_one_step_and_the_steps_end_with_them():
    def objective(theta, x, y):
        return np.mean(x - y) * theta.sum(axis=-1), np.mean(x - y) * np.ones_like(theta)

    batches = [(np.array([2.0]), 1), (np.array([5.0]), 1), (np.array([0.0]), 1)]
    steps = list(descent.descend(objective, [0.0], descent.gradient_descent, batches, lr=1))
    same([step.theta for step in steps], [[0], [-1], [-5]])
    same([step.grad for step in steps], [[1], [4], [-1]])
    history = descent.record(descent.descend(objective, [0.0], descent.gradient_descent, batches,
                                             lr=1), 100)
    assert history.theta.shape == (3, 1) and history.memory == {}
    assert list(descent.descend(bowl, [1.0], descent.adam, [])) == []


def test_record_keeps_what_is_named_and_always_the_last_step():
    def run(**keep):
        return descent.record(descent.descend(bowl, [[1.0, 2.0, 3.0]], descent.adam, lr=0.1), 7,
                              **keep)

    whole = run()
    assert whole.theta.shape == whole.grad.shape == (7, 1, 3) and whole.loss.shape == (7, 1)
    assert set(whole.memory) == {"m", "v", "t"}
    assert whole.memory["m"].shape == (7, 1, 3) and whole.memory["t"].shape == (7,)
    same(whole.memory["t"], range(7))
    assert not whole.memory["m"][0].any() and whole.memory["m"][1].all()  # zeros at first
    for names in [], ["theta"], ["loss", "grad"], ["memory"], {"loss"}, ("theta", "memory"):
        kept = run(keep=names)
        for name in "theta", "loss", "grad":
            if name in names:
                same(getattr(kept, name), getattr(whole, name))
            else:
                assert getattr(kept, name) is None
        assert set(kept.memory) == (set(whole.memory) if "memory" in names else set())
        for step in kept.last, whole.last:
            same(step.theta, whole.theta[-1])
            same(step.memory["m"], whole.memory["m"][-1])


def test_record_goes_on_where_it_stopped():
    steps = descent.descend(bowl, [1.0], descent.gradient_descent, lr=0.5)
    first, second = descent.record(steps, 3), descent.record(steps, np.int64(2))
    same(first.theta[:, 0], [1, 0.5, 0.25])
    same(second.theta[:, 0], [0.125, 0.0625])


def test_what_is_passed_in_is_left_alone():
    theta, lr = np.ones((2, 3)), np.array([[0.1], [0.2]])
    history = descent.record(descent.descend(bowl, theta, descent.adam, lr=lr), 5)
    same(theta, 1)
    same(lr, [[0.1], [0.2]])
    theta[:] = 7
    same(history.theta[0], 1)


@pytest.mark.parametrize("theta", [[2, 4], np.array([2, 4]), np.array([2, 4], np.uint8), (2.0, 4),
                                   np.array([2, 4], np.float32)])
def test_every_kind_of_number_is_used_in_float64(theta):
    history = descent.record(descent.descend(bowl, theta, descent.gradient_descent,
                                             lr=np.float32(0.25)), 3)
    assert history.theta.dtype == history.last.theta.dtype == np.float64
    same(history.theta[1], [1.5, 3])


# Runs at once

def column(*values):
    return np.array(values)[:, None]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_among_others_is_the_run_alone_on_every_surface(optimizer, surface):
    """To the last bit, as surfaces and optimizers work elementwise; Adam's powers aside."""
    rates = [1e-4, 1e-3, 3e-3, 1e-2]
    starts = np.array(surface.start) + np.random.default_rng(0).normal(size=(4, 2)) / 10
    together = descent.record(descent.descend(surface, starts, optimizer, lr=column(*rates)), 200)
    for run in range(4):
        alone = descent.record(descent.descend(surface, starts[run], optimizer, lr=rates[run]), 200)
        for name in "theta", "loss":
            np.testing.assert_allclose(getattr(together, name)[:, run], getattr(alone, name),
                                       rtol=1e-10 if optimizer.__name__ == "adam" else 0)
        assert together.diverged[run] == alone.diverged


@pytest.mark.parametrize("feed", ["shared", "own", "full"])
@pytest.mark.parametrize("loss, activation", [("cross_entropy", "relu"), ("cross_entropy", "tanh"),
                                              ("mean_squared_error", "sigmoid"),
                                              ("mean_squared_error", "identity")])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_among_others_is_the_run_alone_on_networks(optimizer, loss, activation, feed):
    """Rates and seeds by run, to 1e-12: sums over a batch may run in another order."""
    rng = np.random.default_rng(0)
    net = descent.Network((3, 6, 4), activation, loss=loss)
    x = rng.normal(size=(22, 3))
    y = rng.integers(4, size=22) if loss == "cross_entropy" else rng.normal(size=(22, 4))
    rates = [0.001, 0.003, 0.01]

    def run(seeds, lr):
        generators = [np.random.default_rng(seed) for seed in seeds]
        generators = generators if len(seeds) > 1 else generators[0]
        batches = (descent.full_batch(x, y) if feed == "full" else descent.mini_batches(
            x, y, size=8, rng=generators if feed == "own" else np.random.default_rng(9)))
        starts = ([np.random.default_rng([seed, 1]) for seed in seeds])
        return descent.record(descent.descend(
            net.loss_and_gradient, net.initial(starts if len(seeds) > 1 else starts[0]), optimizer,
            batches, lr=lr), 25, keep=["theta", "loss"])

    together = run([5, 6, 7], column(*rates))
    for k, (seed, lr) in enumerate(zip([5, 6, 7], rates)):
        alone = run([seed], lr)
        same(together.theta[:, k], alone.theta, 1e-12)
        same(together.loss[:, k], alone.loss, 1e-12)


def test_hyperparameters_by_run_of_every_kind():
    hyper = {"lr": [0.1, 0.2], "beta1": [0.5, 0.9], "beta2": [0.9, 0.99], "eps": [1e-8, 1e-2]}
    together = descent.record(descent.descend(bowl, np.ones((2, 3)), descent.adam, **{
        name: column(*values) for name, values in hyper.items()}), 20)
    for run in range(2):
        alone = descent.record(descent.descend(bowl, np.ones(3), descent.adam, **{
            name: values[run] for name, values in hyper.items()}), 20)
        same(together.theta[:, run], alone.theta, 1e-13)


def test_two_leading_axes():
    rates = np.array([0.1, 0.5])[:, None, None]
    betas = np.array([0.0, 0.5, 0.9])[:, None]
    history = descent.record(descent.descend(bowl, np.ones((2, 3, 4)), descent.momentum, lr=rates,
                                             beta=betas), 10)
    assert history.theta.shape == (10, 2, 3, 4) and history.loss.shape == (10, 2, 3)
    for i, j in product(range(2), range(3)):
        alone = descent.record(descent.descend(bowl, np.ones(4), descent.momentum,
                                               lr=rates[i, 0, 0], beta=betas[j, 0]), 10)
        same(history.theta[:, i, j], alone.theta)


# A learning rate that is a function of the iteration

def test_schedule_by_hand():
    asked = []

    def lr(k):
        asked.append(k)
        return 1 / (k + 2)

    history = descent.record(descent.descend(bowl, [6.0], descent.gradient_descent, lr=lr), 4)
    same(history.theta[:, 0], [6, 6 / 2, 6 / 2 * 2 / 3, 6 / 2 * 2 / 3 * 3 / 4])
    assert asked[1:] == [0, 1, 2]  # once at the call, to check it


def test_schedule_by_run_and_of_other_hyperparameters():
    history = descent.record(descent.descend(
        bowl, [[8.0], [8.0]], descent.momentum, lr=lambda k: column(0.5, 0.25) / 2**k,
        beta=lambda k: 0.5 if k else 0), 3)
    same(history.theta[:, :, 0], [[8, 8], [4, 6], [4 - 0.25 * (4 + 4), 6 - 0.125 * (4 + 6)]])


@pytest.mark.parametrize("later", [np.nan, -1, "0.1", None, np.ones(2), np.inf, 1j])
def test_a_schedule_that_goes_wrong_later_is_refused_then(later):
    steps = descent.descend(bowl, np.ones((2, 2)), descent.gradient_descent,
                            lr=lambda k: 0.1 if k < 2 else later)
    assert len(list(islice(steps, 3))) == 3
    with pytest.raises(ValueError, match="lr must be"):
        next(steps)


# Divergence

def losses(*columns):
    """A History of these losses, one list for each run."""
    loss = np.array(columns, dtype=float).T
    return descent.History(last=None, loss=loss if len(columns) > 1 else loss[:, 0])


@pytest.mark.parametrize("loss, first", [
    ([1, 2, 3], -1), ([1, 1000, 1], -1), ([1, 1001, 1], 1), ([1, np.nan, 1], 1), ([np.nan, 1], 0),
    ([1, 2, np.inf], 2), ([np.inf, 1], 0), ([1, -np.inf], 1), ([0, 1000], -1), ([0, 0, 1001], 2),
    ([50, 49000, 51000, 1], 2), ([-50, 49000, 51000], 2), ([-np.inf, 1], 0), ([1, -1e9], -1)])
def test_first_iteration_of_divergence(loss, first):
    assert losses(loss).diverged == first
    same(losses([1] * len(loss), loss).diverged, [-1, first])


def test_divergence_is_recorded_and_silent():
    """theta doubles its distance each time: the loss, 1/2 at first, is 4^k / 2 > 1,000 at k = 6."""
    history = descent.record(descent.descend(bowl, [[1.0], [1.0]], descent.gradient_descent,
                                             lr=column(3, 0.5)), 2000)  # warnings are errors here
    same(history.diverged, [6, -1])
    assert not np.isfinite(history.theta[-1, 0]).any() and np.isfinite(history.theta[:, 1]).all()
    assert descent.record(descent.descend(bowl, [1.0], descent.gradient_descent, lr=3),
                          7).diverged == 6
    assert descent.record(descent.descend(bowl, [1.0], descent.gradient_descent, lr=3),
                          6).diverged == -1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_absurd_rates_on_surfaces_are_silent(surface, optimizer):
    rates = column(0.0, 1.0, 1e3, 1e30, 1e300)
    history = descent.record(descent.descend(surface, np.tile(surface.start, (5, 1)), optimizer,
                                             lr=rates), 300)
    assert history.diverged[0] == -1
    assert surface.nearest(history.theta).shape == (300, 5)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity"])
@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
def test_absurd_rates_on_networks_are_silent(loss, activation):
    net = descent.Network((2, 5, 5, 3), activation, loss=loss)
    x = np.random.default_rng(0).normal(size=(9, 2))
    y = np.arange(9) % 3
    y = y if loss == "cross_entropy" else np.eye(3)[y]
    for optimizer in OPTIMIZERS:
        history = descent.record(descent.descend(
            net.loss_and_gradient, np.tile(net.initial(np.random.default_rng(1)), (3, 1)),
            optimizer, descent.full_batch(x, y), lr=column(0.01, 1e10, 1e300)), 60)
        assert history.diverged[0] == -1
        net.predict(history.last.theta, x)


def test_nothing_leaks_to_the_caller_between_the_steps():
    before = np.geterr()
    steps = descent.descend(bowl, [1.0], descent.gradient_descent, lr=1e200)
    for _ in range(5):
        next(steps)
        assert np.geterr() == before
    with np.errstate(all="raise"):
        next(steps)
        with pytest.raises(FloatingPointError):
            np.float64(1.0) / np.float64(0.0)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        next(steps)
        np.float64(1.0) / np.float64(0.0)
    assert len(seen) == 1  # the caller's own


def test_two_runs_may_be_interleaved():
    one, two = (descent.descend(bowl, [1.0], descent.adam, lr=lr) for lr in (0.1, 0.2))
    pairs = [(next(one), next(two)) for _ in range(9)]
    alone = descent.record(descent.descend(bowl, [1.0], descent.adam, lr=0.2), 9)
    same([second.theta for _, second in pairs], alone.theta)


# Bad input

@pytest.mark.parametrize("theta", [3.0, [], np.zeros((0, 2)), [np.nan, 1], [1, np.inf], "ab",
                                   ["1", "2"], None, [None, 1], [True, False], [1j, 2], {"a": 1}])
def test_theta_that_is_refused(theta):
    with pytest.raises(ValueError, match=r"theta must hold finite numbers .* got shape"):
        descent.descend(bowl, theta, descent.adam)


@pytest.mark.parametrize("lr", [-0.1, np.nan, np.inf, -np.inf, "0.1", None, [], True, 1j, ["a"],
                                [[0.1], [np.nan]], [[0.1], [-0.1]], lambda k: -1, lambda k: None])
def test_learning_rates_that_are_refused(lr):
    with pytest.raises(ValueError, match="lr must be .*(got|fit)"):
        descent.descend(bowl, np.ones((2, 2)), descent.adam, lr=lr)


@pytest.mark.parametrize("shape", [(2,), (1, 2), (2, 2), (3, 1), (2, 1, 1), (1, 1, 1), (0, 1)])
@pytest.mark.parametrize("name", ["lr", "beta1", "beta2", "eps"])
def test_shapes_that_would_mean_something_else_are_refused(name, shape):
    for value in np.full(shape, 0.1), lambda k: np.full(shape, 0.1):
        with pytest.raises(ValueError, match=rf"{name} must be one number, or .*\(\.\.\., 1\)"):
            descent.descend(bowl, np.ones((2, 2)), descent.adam, **{name: value})


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (2, 1)])
def test_shapes_that_are_taken(shape):
    for value in np.full(shape, 0.5), np.full(shape, 0.5).tolist():
        for name in "lr", "beta1", "beta2", "eps":
            history = descent.record(descent.descend(bowl, np.ones((2, 2)), descent.adam,
                                                     **{name: value}), 5)
            same(history.theta, descent.record(descent.descend(
                bowl, np.ones((2, 2)), descent.adam, **{name: 0.5}), 5).theta, 1e-15)


@pytest.mark.parametrize("optimizer, name", [
    (descent.momentum, "beta"), (descent.nesterov, "beta"), (descent.rmsprop, "rho"),
    (descent.adam, "beta1"), (descent.adam, "beta2"),
    (descent.clipped(descent.adam, norm=1), "beta1")])
@pytest.mark.parametrize("value", [1, 1.0, 2, -0.1, np.nan, "0.9", None, column(0.5, 1.0)])
def test_momenta_out_of_range(optimizer, name, value):
    with pytest.raises(ValueError, match=f"{name} must be a number from 0 and below 1, got"):
        descent.descend(bowl, np.ones((2, 2)), optimizer, **{name: value})


def test_unknown_hyperparameters():
    with pytest.raises(ValueError, match="no hyperparameter 'beta' .*it has: lr$"):
        descent.descend(bowl, [1.0], descent.gradient_descent, beta=0.9)
    with pytest.raises(ValueError, match="it has: lr, beta1, beta2, eps"):
        descent.descend(bowl, [1.0], descent.clipped(descent.adam, norm=1), learning_rate=0.9)
    with pytest.raises(ValueError, match="no hyperparameter 'v'"):
        descent.descend(bowl, [1.0], descent.momentum, v=1)
    with pytest.raises(ValueError, match="no hyperparameter 'lr' after the \\*.*: none"):
        descent.descend(bowl, [1.0], lambda theta, g, lr: (theta - lr * g, {}), lr=0.9)


def test_optimizers_of_ones_own():
    def mine(theta, g, *, lr, **more):
        return theta - lr * g, {}

    for optimizer in mine, partial(descent.gradient_descent, lr=0.5), partial(mine, lr=0.1):
        same(next(islice(descent.descend(bowl, [1.0], optimizer, lr=0.25), 1, 2)).theta, 0.75)


@pytest.mark.parametrize("objective, optimizer, batches", [
    (bowl, "adam", repeat(())), (bowl, None, repeat(())), (None, descent.adam, repeat(())),
    (3, descent.adam, repeat(())), (bowl, descent.adam, None), (bowl, descent.adam, 3),
    (bowl, descent.adam, descent.mini_batches)])
def test_arguments_of_the_wrong_kind(objective, optimizer, batches):
    with pytest.raises(ValueError, match="an objective, theta, an optimizer and batches, got"):
        descent.descend(objective, [1.0], optimizer, batches)


def test_data_instead_of_batches():
    net = descent.Network((2, 3))
    x, y = np.ones((4, 2)), np.zeros(4, int)
    with pytest.raises(ValueError, match=r"each batch must be a tuple such as \(x, y\), got"):
        next(descent.descend(net.loss_and_gradient, np.zeros(9), descent.adam, (x, y)))


@pytest.mark.parametrize("objective", [
    lambda theta: (theta.sum(), theta.sum()), lambda theta: (theta, theta),
    lambda theta: (0.0, theta[..., :1]), lambda theta: (0.0, theta.T[..., None]),
    lambda theta: (np.zeros((2, 1)), theta), lambda theta: (0.0, theta)])
def test_objectives_whose_shapes_do_not_fit(objective):
    steps = descent.descend(objective, np.ones((2, 3)), descent.gradient_descent)
    with pytest.raises(ValueError, match=r"theta of shape \(2, 3\) the objective must .* got"):
        next(steps)


@pytest.mark.parametrize("optimizer", [
    lambda theta, g: theta - g, lambda theta, g: (theta, g), lambda theta, g: (theta[0], {}),
    lambda theta, g: (theta.sum(), {}), lambda theta, g: (theta[None], {}),
    descent.clipped(descent.adam, norm=np.ones((3, 1, 1)))])
def test_optimizers_that_return_something_else(optimizer):
    steps = descent.descend(bowl, np.ones((2, 3)), optimizer)
    next(steps)
    with pytest.raises(ValueError, match=r"optimizer must return theta of shape \(2, 3\) and"):
        next(steps)


@pytest.mark.parametrize("n", [0, -1, 2.5, np.nan, np.inf, "8", None, [3], True, 1j])
def test_numbers_of_steps_that_are_refused(n):
    with pytest.raises(ValueError, match="number of steps must be a whole number from 1, got"):
        descent.record(descent.descend(bowl, [1.0], descent.adam), n)


@pytest.mark.parametrize("keep", ["theta", ["thetas"], ["loss", "momentum"], [1], ["last"], None, 3,
                                  [["theta"]]])
def test_names_that_cannot_be_kept(keep):
    with pytest.raises(ValueError, match="keep can name theta, loss, grad and memory, got"):
        descent.record(descent.descend(bowl, [1.0], descent.adam), 3, keep=keep)


def test_nothing_to_record():
    with pytest.raises(ValueError, match="no step to record"):
        descent.record(descent.descend(bowl, [1.0], descent.adam, []), 3)
    with pytest.raises(ValueError, match="diverged needs the losses"):
        descent.record(descent.descend(bowl, [1.0], descent.adam), 3, keep=["theta"]).diverged
