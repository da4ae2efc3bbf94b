"""Surfaces: gradients, complete lists of minima, and which minimum a point has reached."""

import numpy as np
import pytest

import descent

SURFACES = [descent.ravine(), descent.ravine(1), descent.ravine(1000, angle=0.6),
            descent.double_well, descent.saddle, descent.rosenbrock, descent.beale,
            descent.himmelblau]
each_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
WRITTEN_OUT = {  # the values, written again from the books
    "double well": lambda x, y: (x**2 - 1)**2 + 0.3 * x + y**2 / 2,
    "saddle": lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
    "Rosenbrock": lambda x, y: (1 - x)**2 + 100 * (y - x**2)**2,
    "Beale": lambda x, y: ((1.5 - x + x * y)**2 + (2.25 - x + x * y**2)**2
                           + (2.625 - x + x * y**3)**2),
    "Himmelblau": lambda x, y: (x**2 + y - 11)**2 + (x + y**2 - 7)**2,
}


def points(surface, n, seed=0):
    low, high = np.array(surface.domain).T
    return np.random.default_rng(seed).uniform(low, high, size=(n, 2))


@each_surface
def test_values(surface):
    theta = points(surface, 100)
    if surface.name in WRITTEN_OUT:
        expected = WRITTEN_OUT[surface.name](*theta.T)
        np.testing.assert_allclose(surface(theta)[0], expected, rtol=1e-12, atol=1e-12)
    else:
        hessian = surface.hessian((0, 0))
        np.testing.assert_allclose(surface(theta)[0],
                                   np.einsum("ni,ij,nj->n", theta, hessian, theta) / 2, rtol=1e-6)


@each_surface
def test_gradient_against_finite_differences(surface):
    theta, h = points(surface, 200), 1e-5
    loss, grad = surface(theta)
    assert loss.shape == (200,) and grad.shape == (200, 2)
    slopes = [(surface(theta + step)[0] - surface(theta - step)[0]) / (2 * h)
              for step in h * np.eye(2)]
    scale = np.maximum(1, np.abs(loss))[:, None]
    np.testing.assert_allclose(grad / scale, np.stack(slopes, axis=-1) / scale, rtol=0, atol=1e-7)


@each_surface
def test_points_on_any_axes(surface):
    theta = points(surface, 24)
    loss, grad = surface(theta)
    many_loss, many_grad = surface(theta.reshape(2, 3, 4, 2))
    np.testing.assert_array_equal(many_loss.ravel(), loss)
    np.testing.assert_array_equal(many_grad.reshape(24, 2), grad)
    one_loss, one_grad = surface(theta[5])
    assert np.shape(one_loss) == () and one_loss == loss[5] and (one_grad == grad[5]).all()
    assert surface([1, 2])[0] == surface(np.array([1.0, 2.0]))[0]


@each_surface
def test_listed_minima_are_minima_the_lowest_first(surface):
    minima = np.array(surface.minima)
    loss, grad = surface(minima)
    np.testing.assert_allclose(grad, 0, atol=1e-9)
    assert (np.linalg.eigvalsh(surface.hessian(minima)) > 0.01).all()
    assert (np.diff(loss) >= -1e-12).all()
    low, high = np.array(surface.domain).T
    assert ((low < minima) & (minima < high)).all()


@each_surface
def test_the_list_of_minima_is_complete(surface):
    """Newton's method with a gradient step where the Hessian is not positive: 400 starts."""
    theta = points(surface, 400, seed=1)
    for _ in range(300):
        loss, grad = surface(theta)
        values, vectors = np.linalg.eigh(surface.hessian(theta))
        downhill = -(vectors / np.maximum(np.abs(values), 1e-3)[:, None, :]
                     @ (vectors.mT @ grad[..., None]))[..., 0]
        rate = np.ones((400, 1))
        for _ in range(30):  # halve the step until it goes down
            uphill = surface(theta + rate * downhill)[0] > loss
            rate[uphill] /= 2
        theta = np.where(surface(theta + rate * downhill)[0][:, None] <= loss[:, None],
                         theta + rate * downhill, theta)
        if np.abs(grad).max() < 1e-9:
            break
    still = ((np.linalg.norm(surface(theta)[1], axis=-1) < 1e-6)
             & (np.linalg.eigvalsh(surface.hessian(theta)).min(axis=-1) > 1e-4))
    assert still.mean() > 0.5
    reached = surface.nearest(theta[still], within=1e-3)
    assert set(reached.tolist()) == set(range(len(surface.minima)))


def test_beale_falls_to_no_other_minimum_but_far_away():
    """Beale's other valley runs to infinity along y = 1, where the loss sinks to 0 in the limit."""
    far = np.array([[-1e2, 1 + 1.5e-2], [-1e4, 1 + 1.5e-4]])
    assert (np.diff(descent.beale(far)[0]) < 0).all()


def test_known_points():
    assert descent.rosenbrock((1, 1))[0] == 0 and descent.beale((3, 0.5))[0] == 0
    assert descent.himmelblau((3, 2))[0] == 0
    assert descent.saddle((0, 1))[0] == descent.saddle((0, -1))[0] == -0.25
    np.testing.assert_array_equal(descent.saddle((0, 0))[1], [0, 0])
    low, high = descent.double_well.minima
    assert low[0] < 0 < high[0]


@pytest.mark.parametrize("angle", [0.0, 0.3, -2.0])
@pytest.mark.parametrize("kappa", [1, 2.5, 25, 1e6])
def test_ravine_has_the_condition_number_it_is_given(kappa, angle):
    surface = descent.ravine(kappa, angle)
    np.testing.assert_allclose(np.linalg.eigvalsh(surface.hessian((0.2, 0.1))), [1, kappa],
                               rtol=1e-5)
    along = (np.cos(angle), np.sin(angle))
    np.testing.assert_allclose(surface(along)[1], along, rtol=1e-9, atol=1e-9 * kappa)
    np.testing.assert_allclose(surface(surface.start)[0], (16 + kappa) / 2, rtol=1e-9)


@each_surface
def test_start_is_in_the_domain_and_no_minimum(surface):
    low, high = np.array(surface.domain).T
    assert ((low <= surface.start) & (surface.start <= high)).all()
    assert np.linalg.norm(surface(surface.start)[1]) > 1e-3
    assert surface.nearest(surface.start) == -1


def test_nearest():
    surface = descent.himmelblau
    assert surface.nearest((3.05, 2)) == 0 and surface.nearest((3.2, 2)) == -1
    assert surface.nearest((3.2, 2), within=0.3) == 0
    minima = np.array(surface.minima)
    np.testing.assert_array_equal(surface.nearest(minima + 0.01), range(4))
    np.testing.assert_array_equal(surface.nearest(minima[::-1, None] + 0.01),
                                  [[3], [2], [1], [0]])
    gone = [[np.nan, 0], [np.inf, 2], [np.inf, -np.inf], [1e200, 1e200], [-1e308, 1e308]]
    np.testing.assert_array_equal(surface.nearest(gone), -1)  # warnings are errors here


def test_hessian_by_hand():
    np.testing.assert_allclose(descent.saddle.hessian((0, 0)), [[1, 0], [0, -1]], atol=1e-8)
    np.testing.assert_allclose(descent.rosenbrock.hessian([1, 1]), [[802, -400], [-400, 200]],
                               rtol=1e-6)
    assert descent.saddle.hessian(np.zeros((3, 4, 2))).shape == (3, 4, 2, 2)


@pytest.mark.parametrize("theta", [3.0, [1.0], [1.0, 2.0, 3.0], np.zeros((2, 3)), np.zeros((2, 1)),
                                   [], "ab", ["a", "b"]])
def test_surface_refuses(theta):
    for call in descent.beale, descent.beale.nearest, descent.beale.hessian:
        with pytest.raises(ValueError, match=r"\(\.\.\., 2\), got|could not convert"):
            call(theta)


@pytest.mark.parametrize("kappa, angle", [(0.5, 0), (0, 0), (-1, 0), (np.nan, 0), (np.inf, 0),
                                          ("25", 0), (None, 0), ([1, 2], 0), (25, np.nan),
                                          (25, "0"), (25, np.inf)])
def test_ravine_refuses(kappa, angle):
    with pytest.raises(ValueError, match="number from 1, angle finite, got"):
        descent.ravine(kappa, angle)
