"""The shipped data is the original data, and splits are what they say."""

import hashlib

import numpy as np
import pytest

import descent


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_digits_are_the_original():
    # sums and hashes of sklearn.datasets.load_digits() of scikit-learn 1.7, as uint8
    x, y = descent.digits()
    assert x.shape == (1797, 64) and y.shape == (1797,)
    assert x.dtype == np.float64 and y.dtype.kind == "i"
    assert x.min() == 0 and x.max() == 1
    assert (x * 16).sum() == 561718
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert sha256((x * 16).astype(np.uint8)) == (
        "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3")
    assert sha256(y.astype(np.uint8)) == (
        "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0")


def test_digits_are_a_copy_of_ones_own():
    x, y = descent.digits()
    x[:], y[:] = 0, 0
    assert descent.digits()[0].sum() > 0 and descent.digits()[1].sum() > 0


def test_penguins_are_the_original():
    # the rows of palmerpenguins 0.1.6 in which both numbers are there, as "mm,g" lines
    x, y = descent.penguins("raw")
    assert x.shape == (342, 1) and y.shape == (342,)
    assert x.sum() == 68713 and y.sum() == 1437000
    lines = "\n".join(f"{mm:.0f},{gram:.0f}" for mm, gram in zip(x[:, 0], y))
    assert hashlib.sha256(lines.encode()).hexdigest() == (
        "ac8017be2f847d0e5ea25b4efc09bea1d7bb1a29b95242a80a21c4eb71d388ae")


def bowl(scale):
    """Hessian of the mean squared error of a line through the penguins, by finite differences."""
    x, y = descent.penguins(scale)
    net = descent.Network((1, 1), loss="mean_squared_error")
    steps = np.eye(2)  # the gradient is linear in theta: any step is exact
    slopes = (net.loss_and_gradient(steps, x, y)[1] - net.loss_and_gradient(0 * steps, x, y)[1])
    design = np.hstack([x, np.ones_like(x)])
    np.testing.assert_allclose(slopes, 2 / 342 * design.T @ design, rtol=1e-6, atol=1e-12)
    return np.linalg.eigvalsh(slopes)


def test_the_scale_sets_the_condition_number():
    low, high = bowl("shifted")
    assert round(high / low) == 25 and round(2 / high, 4) == 0.1415
    low, high = bowl("raw")
    assert 7.5e6 < high / low < 8.5e6
    low, high = bowl("standardised")
    assert high / low == pytest.approx(1) and 2 / high == pytest.approx(1)


def test_the_scales_hold_the_same_birds():
    raw, gram = descent.penguins("raw")
    shifted, kg = descent.penguins()
    standardised, kg_again = descent.penguins("standardised")
    np.testing.assert_allclose(shifted, (raw - 180) / 10)
    np.testing.assert_allclose(standardised * raw.std() + raw.mean(), raw)
    np.testing.assert_allclose(1000 * kg, gram)
    np.testing.assert_array_equal(kg, kg_again)


@pytest.mark.parametrize("scale", ["mm", None, 1, [], "Raw"])
def test_unknown_scale(scale):
    with pytest.raises(ValueError, match="shifted, raw or standardised, got"):
        descent.penguins(scale)


@pytest.mark.parametrize("n, arms", [(300, 3), (100, 7), (5, 5), (1, 1)])
def test_spirals(n, arms):
    x, y = descent.spirals(n, np.random.default_rng(0), arms=arms, noise=0.0)
    assert x.shape == (n, 2) and y.shape == (n,)
    assert np.ptp(np.bincount(y, minlength=arms)) <= 1
    radius = np.hypot(*x.T)
    assert radius.max() <= 1
    turned_back = np.arctan2(x[:, 1], x[:, 0]) - 2 * np.pi * (radius + y / arms)
    np.testing.assert_allclose(np.cos(turned_back), 1)  # on its own arm


def test_spirals_repeat_with_the_seed():
    one, two, other = (descent.spirals(50, np.random.default_rng(s))[0] for s in (1, 1, 2))
    assert (one == two).all() and not (one == other).any()


@pytest.mark.parametrize("n, arms", [(0, 3), (-1, 3), (2.5, 3), ("9", 3), (None, 3), (9, 0),
                                     (9, 1.5), (9, None), (np.nan, 3)])
def test_spirals_refuse(n, arms):
    with pytest.raises(ValueError, match="whole numbers from 1, got"):
        descent.spirals(n, np.random.default_rng(0), arms=arms)


@pytest.mark.parametrize("n, test, cut", [(1797, 0.2, 1437), (10, 0.3, 7), (10, 0.9, 1),
                                          (20, 0.55, 9), (100, 0.58, 42), (2, 0.5, 1), (3, 0.5, 1)])
def test_split_sizes(n, test, cut):
    train, held_out = descent.split(np.arange(n), rng=np.random.default_rng(0), test=test)
    assert len(train[0]) == cut
    assert sorted([*train[0], *held_out[0]]) == list(range(n))


def test_split_keeps_rows_together_and_is_random_by_the_seed():
    x, y = np.arange(40).reshape(20, 2), np.arange(20) * 2
    splits = [descent.split(x, y, rng=np.random.default_rng(seed)) for seed in (5, 5, 6)]
    for (x1, y1), (x2, y2) in splits:
        assert (x1[:, 0] == y1).all() and (x2[:, 0] == y2).all()
    assert (splits[0][0][1] == splits[1][0][1]).all()
    assert (splits[0][0][1] != splits[2][0][1]).any()
    assert (np.sort(splits[0][0][1]) != splits[0][0][1]).any()


def test_split_takes_lists():
    (a,), (b,) = descent.split([1, 2, 3, 4, 5], rng=np.random.default_rng(0))
    assert sorted([*a, *b]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("arrays, test", [
    ((), 0.2), (([],), 0.2), ((np.zeros(3), np.zeros(4)), 0.2), ((np.zeros(4),), 0.0),
    ((np.zeros(4),), 1.0), ((np.zeros(4),), -0.1), ((np.zeros(4),), 2), ((np.zeros(4),), np.nan),
    ((np.zeros(4),), "0.2"), ((np.zeros(4),), None), ((3.0,), 0.5), ((np.zeros(1),), 0.5)])
def test_split_refuses(arrays, test):
    with pytest.raises(ValueError, match="equal lengths .* got lengths"):
        descent.split(*arrays, rng=np.random.default_rng(0), test=test)
