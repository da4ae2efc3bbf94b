"""The three ways to feed data: what an epoch sees, coverage, variance, and bad input."""

from itertools import islice

import numpy as np
import pytest

import descent

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)
WAYS = {
    "subset": lambda *arrays, **given: descent.random_batches(*arrays, **given),
    "with replacement": lambda *arrays, **given: descent.random_batches(
        *arrays, **given, replace=True),
    "shuffle": lambda *arrays, **given: descent.mini_batches(*arrays, **given),
}
each_way = pytest.mark.parametrize("way", WAYS)


def take(batches, n):
    return list(islice(batches, n))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_full_batch_is_everything_again_and_again():
    for x, y in take(descent.full_batch(X, Y), 5):
        np.testing.assert_array_equal(x, X)
        np.testing.assert_array_equal(y, Y)
    (x,), = take(descent.full_batch([[1], [2]]), 1)
    np.testing.assert_array_equal(x, [[1], [2]])


@each_way
@pytest.mark.parametrize("size", range(1, 11))
def test_rows_stay_together(way, size):
    for x, y in take(WAYS[way](X, Y, size=size, rng=rng()), 30):
        assert len(x) == len(y) <= size
        np.testing.assert_array_equal(x, X[y])


@pytest.mark.parametrize("size", range(1, 11))
def test_an_epoch_of_a_shuffle_is_each_example_once(size):
    k = descent.epoch_length(10, size)
    batches = take(descent.mini_batches(Y, size=size, rng=rng()), 50 * k)
    orders = []
    for epoch in range(50):
        parts = [y for y, in batches[epoch * k:(epoch + 1) * k]]
        assert [len(y) for y in parts] == [size] * (10 // size) + [10 % size] * (10 % size > 0)
        orders.append(np.concatenate(parts).tolist())
        assert sorted(orders[-1]) == list(range(10))
    assert len({tuple(order) for order in orders}) == 50  # shuffled anew: 10! orders


def test_every_example_comes_at_every_place_equally_often():
    places = np.stack([np.concatenate([y for y, in take(
        descent.mini_batches(Y, size=4, rng=one), 3)]) for one in rng().spawn(4000)])
    counts = np.stack([np.bincount(column, minlength=10) for column in places.T])
    # each of the 100 counts is binomial, 400 with standard deviation 19; 5 of these are allowed
    assert np.abs(counts - 400).max() < 5 * 19


@each_way
def test_random_batches_have_their_size(way):
    if way != "shuffle":
        assert {len(y) for y, in take(WAYS[way](Y, size=3, rng=rng()), 100)} == {3}


def test_a_subset_repeats_nothing_and_with_replacement_repeats():
    subset = [len(set(y.tolist())) for y, in take(WAYS["subset"](Y, size=7, rng=rng()), 200)]
    replaced = [len(set(y.tolist())) for y, in take(
        WAYS["with replacement"](Y, size=7, rng=rng()), 200)]
    assert set(subset) == {7}
    # 10 (1 - 0.9^7) = 5.217 different ones are expected; a batch's standard deviation is 0.92
    assert np.mean(replaced) == pytest.approx(10 * (1 - 0.9**7), abs=5 * 0.92 / 200**0.5)


@each_way
def test_the_seed_repeats_the_batches(way):
    one, two, other = (np.concatenate([y for y, in take(WAYS[way](Y, size=4, rng=rng(s)), 9)])
                       for s in (1, 1, 2))
    assert (one == two).all() and (one != other).any()


@each_way
def test_each_run_has_the_batches_of_its_own_generator(way):
    together = take(WAYS[way](X, Y, size=4, rng=[rng(k) for k in range(3)]), 7)
    for run in range(3):
        for (xs, ys), (x, y) in zip(together, take(WAYS[way](X, Y, size=4, rng=rng(run)), 7),
                                    strict=True):
            assert xs.shape[:1] == ys.shape[:1] == (3,)
            np.testing.assert_array_equal(xs[run], x)
            np.testing.assert_array_equal(ys[run], y)


def test_generators_may_come_from_a_generator_expression():
    batches = descent.mini_batches(Y, size=4, rng=(rng(k) for k in range(2)))
    assert [y.shape for y, in take(batches, 6)] == [(2, 4), (2, 4), (2, 2)] * 2


# Variance and coverage, as the field's formulas have them

N, SIZES = 30, (1, 3, 8, 29, 30)
GRADIENTS = np.random.default_rng(7).normal(size=(N, 2)) * [1, 3]


def batch_means(way, size, n):
    """The mean gradient of n batches, each from a generator of its own run; shape (n, 2)."""
    return next(WAYS[way](GRADIENTS, size=size, rng=rng(size).spawn(n)))[0].mean(axis=1)


@pytest.mark.parametrize("size", SIZES)
@each_way
def test_variance_of_a_batch_gradient(way, size):
    sigma2 = np.sum((GRADIENTS - GRADIENTS.mean(axis=0))**2) / N
    expected = sigma2 / size * (1 if way == "with replacement" else (N - size) / (N - 1))
    n = 4000
    means = batch_means(way, size, n)
    squares = np.sum((means - GRADIENTS.mean(axis=0))**2, axis=-1)
    # the mean of n squared distances is off by their standard deviation / sqrt(n); 5 are allowed
    assert squares.mean() == pytest.approx(expected, abs=5 * squares.std() / n**0.5 + 1e-20)
    bias = np.abs(means.mean(axis=0) - GRADIENTS.mean(axis=0))
    assert (bias <= 5 * means.std(axis=0) / n**0.5 + 1e-13).all()


@pytest.mark.parametrize("size", SIZES)
@each_way
def test_coverage_of_an_epoch(way, size):
    k = descent.epoch_length(N, size)
    # with replacement an epoch's worth is N draws: the last batch's surplus is not counted
    expected = {"with replacement": 1 - (1 - 1 / N)**N, "subset": 1 - (1 - size / N)**k,
                "shuffle": 1.0}[way]
    runs = 1000
    batches = WAYS[way](np.arange(N), size=size, rng=rng(size).spawn(runs))
    seen = np.concatenate([rows for rows, in take(batches, k)], axis=-1)
    seen = seen[:, :N] if way == "with replacement" else seen
    covered = np.array([len(set(row)) for row in seen.tolist()]) / N
    assert covered.mean() == pytest.approx(expected, abs=5 * covered.std() / runs**0.5 + 1e-12)


# Bad input

@each_way
@pytest.mark.parametrize("size", [0, -1, 11, 2.5, np.nan, np.inf, "8", None, True, [3], (2, 2),
                                  np.array([1, 2]), 1j])
def test_sizes_that_are_refused(way, size):
    with pytest.raises(ValueError, match="whole number from 1 to the number of examples, 10, got"):
        WAYS[way](X, Y, size=size, rng=rng())
    with pytest.raises(ValueError, match="whole number from 1 to the number of examples, 10, got"):
        descent.epoch_length(10, size)


@each_way
@pytest.mark.parametrize("size", [4, 4.0, np.int64(4), np.float64(4)])
def test_sizes_that_are_taken(way, size):
    assert len(next(WAYS[way](Y, size=size, rng=rng()))[0]) == 4
    assert descent.epoch_length(10, size) == 3


@pytest.mark.parametrize("n, size, expected", [(10, 3, 4), (10, 5, 2), (1797, 32, 57), (1, 1, 1)])
def test_epoch_length(n, size, expected):
    assert descent.epoch_length(n, size) == expected


@pytest.mark.parametrize("n", [0, -3, 2.5, "10", None, [10]])
def test_epoch_length_refuses(n):
    with pytest.raises(ValueError, match="number of examples"):
        descent.epoch_length(n, 1)


@pytest.mark.parametrize("arrays, message", [
    ((), "must not be empty .* got"), (([],), r"must not be empty .* got \[0\] rows"),
    ((np.zeros((0, 3)), np.zeros(0)), "must not be empty"), ((3.0,), "must not be empty"),
    ((None,), "must not be empty"),
    ((np.zeros(3), np.zeros(4)), r"one row for each example, got \[3, 4\] rows"),
    ((np.zeros((3, 2)), np.zeros((1, 3))), r"got \[3, 1\] rows"),
    (([1.0, np.nan],), "finite numbers, got"), (([1.0, np.inf],), "finite numbers"),
    (([[1.0, 2.0], [-np.inf, 0]], [0, 1]), "finite numbers"), ((["a", "b"],), "finite numbers"),
    (([None, 1],), "finite numbers"), (([1j, 2],), "finite numbers"),
    (([[1, 2], [3]],), "inhomogeneous")])
def test_data_that_is_refused(arrays, message):
    for call in (descent.full_batch, lambda *a: descent.random_batches(*a, size=1, rng=rng()),
                 lambda *a: descent.mini_batches(*a, size=1, rng=rng())):
        with pytest.raises(ValueError, match=message):
            call(*arrays)


@each_way
@pytest.mark.parametrize("wrong", [None, 0, [], (), "rng", np.random, np.random.RandomState(0),
                                   [np.random.default_rng(0), 1], [None]])
def test_generators_that_are_refused(way, wrong):
    with pytest.raises(ValueError, match="rng must be a NumPy Generator, or a list"):
        WAYS[way](X, Y, size=3, rng=wrong)
