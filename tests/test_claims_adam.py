"""What claims A stand on: moments that are known, stored work done again, data made to mislead."""

import numpy as np
import pytest

from descent import Network, adam, digits, gradient_descent, momentum, rmsprop
from descent.batches import mini_batches
from descent.claims import adam as chapter
from descent.claims import generators
from descent.claims.tuning import TUNING_SEEDS, stored

SEEDS = tuple(range(100, 120))   # the chapters report 0 to 19, rates were tuned on 1000 and up


def test_shifted_digits_are_digits_moved_by_a_pixel():
    x, y = digits()
    more, labels = chapter.shifted(9 * len(x))
    assert len(more) == 9 * len(x) and (np.bincount(labels) == 9 * np.bincount(y)).all()
    images = {image.tobytes() for image in more}
    moved = np.zeros((8, 8))
    moved[1:] = x[3].reshape(8, 8)[:-1]
    assert x[3].tobytes() in images and moved.ravel().tobytes() in images
    assert chapter.shifted(None)[0].shape == (1600, 64)


def test_the_loss_without_its_gradient_is_the_network_s():
    x, y = digits()
    theta = chapter.small.initial(generators(SEEDS[:2]))
    assert chapter.loss_of(chapter.small, theta, x, y) == pytest.approx(
        chapter.small.loss_and_gradient(theta, x, y)[0])


@pytest.mark.parametrize("case", ["200", "16 wide"])
@pytest.mark.parametrize("method", chapter.METHODS)
def test_stored_updates_are_what_one_seed_needs(case, method):
    """One seed, the loop written out."""
    n, width = chapter.CASES[case]
    net, (x, y) = Network((64, width, width, 10)), chapter.shifted(n)
    rng = np.random.default_rng(103)
    theta, memory, k = net.initial(rng), {}, 0
    batches = mini_batches(x, y, size=32, rng=rng)
    while net.loss_and_gradient(theta, x[:1000], y[:1000])[0] > 0.1:
        for _step in range(10):
            g = net.loss_and_gradient(theta, *next(batches))[1]
            theta, memory = chapter.METHODS[method](theta, g, **memory,
                                                    lr=stored("adam")["rates"][case][method])
        k += 10
    assert chapter.kept("updates", case, method, (103,)).tolist() == [k]


@pytest.mark.parametrize("method", ["adam", "gradient descent"])
def test_stored_errors_are_what_the_network_makes(method):
    """Two seeds of the smallest set, trained again."""
    for goal, k in chapter.GOALS.items():
        lr = stored("adam")["small rates"]["50"][method][goal]
        ends = chapter.overfit("50", method, lr, (7, 110))
        for part in ("train", "test"):
            kept = chapter.kept("small", "50", method, (7, 110))[f"{part} {goal}"]
            assert ends[part][k] == pytest.approx(kept, rel=1e-4)


@pytest.mark.parametrize("case", ["200", "16 wide"])
def test_stored_rates_are_better_than_their_neighbours(case):
    for method, lr in stored("adam")["rates"][case].items():
        slowest = {factor: chapter.updates(case, method, factor * lr, TUNING_SEEDS).max()
                   for factor in (0.5, 1, 2)}
        assert slowest[1] == min(slowest.values()) < np.inf


def test_a_seed_that_is_not_stored_is_named():
    with pytest.raises(ValueError, match="stored are the seeds"):
        chapter.kept("updates", "200", "adam", (99,))


def test_methods_share_data_and_start_and_wrong_labels_are_wrong():
    (x, labels), check, test = chapter.few("noisy", (5, 6))
    (_x, right), *_rest = chapter.few("100", (5, 6))
    assert (x == _x).all() and ((labels != right).sum(axis=-1) == 20).all()
    rows = {image.tobytes() for image in x[0]}
    assert not rows & {image.tobytes() for image in np.concatenate([check[0][0], test[0][0]])}


def test_data_made_to_mislead_adam_do_so_and_not_gradient_descent():
    """Wilson et al.: Adam says +1 always, and is wrong for every -1, though it learned all 100."""
    errors, trained = chapter.constructed("adam", SEEDS)
    assert errors == pytest.approx(0.25) and not trained.any()
    errors, trained = chapter.constructed("gradient descent", SEEDS)
    assert not errors.any() and not trained.any()


@pytest.mark.parametrize("optimizer, operations, floats", [
    (gradient_descent, 2, 0), (momentum, 4, 1), (rmsprop, 9, 1), (adam, 14, 2)])
def test_operations_are_those_of_the_formula(optimizer, operations, floats):
    """Counted by hand: each +, -, *, / and power of arrays is one."""
    assert chapter.operations(optimizer) == (operations, floats)


def test_the_bias_that_is_left_in_is_noticed(monkeypatch):
    monkeypatch.setattr(chapter, "adam", chapter.uncorrected)
    assert not chapter.estimates(SEEDS)[2].passes


def test_decay_through_adam_spares_the_loud_weight(monkeypatch):
    assert (chapter.left_by_decay(False, SEEDS) > 3).all()
    assert chapter.left_by_decay(True, SEEDS) == pytest.approx(1, abs=0.05)
    monkeypatch.setattr(chapter, "adamw", lambda theta, g, *memory, lr, lam, **rest: adam(
        theta, g + lam * theta, *memory, lr=lr, **rest))
    assert not chapter.few_drawbacks(SEEDS)[-1].passes


def test_the_rare_truth_is_heard_with_a_long_memory_only():
    assert chapter.rare(adam, SEEDS, beta1=0.0, beta2=0.1) == pytest.approx(2, abs=0.05)
    assert chapter.rare(adam, SEEDS, beta1=0.0, beta2=0.999) == pytest.approx(0, abs=0.05)
    assert chapter.rare(gradient_descent, SEEDS) == pytest.approx(0, abs=0.05)
