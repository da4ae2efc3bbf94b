"""Loss surfaces in two parameters: theta (..., 2) -> (loss (...), gradient (..., 2))."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real

import numpy as np


@dataclass(frozen=True)
class Surface:
    """A loss surface; call it like any objective."""

    name: str
    formula: str           # TeX
    function: Callable     # (x, y) -> (loss, d loss/dx, d loss/dy)
    minima: tuple          # every local minimum ((x, y), ...), the lowest first
    domain: tuple          # ((x low, x high), (y low, y high)), the part worth looking at
    start: tuple           # a start from which something can be seen

    def __call__(self, theta):
        theta = _points(theta)
        grad = np.empty(theta.shape)
        loss, grad[..., 0], grad[..., 1] = self.function(theta[..., 0], theta[..., 1])
        return loss, grad

    def hessian(self, theta, h=1e-5):
        """Second derivatives (..., 2, 2) by central differences of the gradient."""
        theta, steps = _points(theta)[..., None, :], h * np.eye(2)
        slopes = (self(theta + steps)[1] - self(theta - steps)[1]) / (2 * h)
        return (slopes + slopes.mT) / 2

    def nearest(self, theta, within=0.1):
        """Index of the minimum that each point (..., 2) has reached, -1 where none is near."""
        distance = np.hypot(*np.moveaxis(_points(theta)[..., None, :] - self.minima, -1, 0))
        return np.where(distance.min(axis=-1) <= within, distance.argmin(axis=-1), -1)[()]


def _points(theta):
    theta = np.asarray(theta, dtype=float)
    if theta.shape[-1:] != (2,):
        raise ValueError(f"on a surface theta must have shape (..., 2), got {theta.shape}")
    return theta


def ravine(kappa=25.0, angle=0.0):
    """A quadratic with curvatures 1 and kappa, its condition number; turned by angle (radians)."""
    if not all(isinstance(one, Real) and abs(one) < np.inf for one in (kappa, angle)) or kappa < 1:
        raise ValueError(f"kappa must be a number from 1, angle finite, got {kappa!r}, {angle!r}")
    cos, sin = np.cos(angle), np.sin(angle)
    a, b, c = cos**2 + kappa * sin**2, (1 - kappa) * sin * cos, sin**2 + kappa * cos**2

    def quadratic(x, y):
        gx, gy = a * x + b * y, b * x + c * y
        return (x * gx + y * gy) / 2, gx, gy

    return Surface("ravine", r"\frac{1}{2}(x^2 + \kappa y^2)", quadratic, ((0.0, 0.0),),
                   ((-5.0, 5.0), (-2.5, 2.5) if angle == 0 else (-5.0, 5.0)),
                   (-4 * cos - sin, -4 * sin + cos))


def _double_well(x, y):
    well = x * x - 1
    return well * well + 0.3 * x + y * y / 2, 4 * x * well + 0.3, y


def _saddle(x, y):
    return (x * x - y * y + (y * y) * (y * y) / 2) / 2, x, y * (y * y - 1)


def _rosenbrock(x, y):
    gap, rise = x - 1, y - x * x
    return gap * gap + 100 * rise * rise, 2 * gap - 400 * x * rise, 200 * rise


def _beale(x, y):
    y2 = y * y
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y2, 2.625 - x + x * y2 * y
    return (a * a + b * b + c * c,
            2 * (a * (y - 1) + b * (y2 - 1) + c * (y2 * y - 1)),
            2 * x * (a + 2 * b * y + 3 * c * y2))


def _himmelblau(x, y):
    a, b = x * x + y - 11, x + y * y - 7
    return a * a + b * b, 4 * x * a + 2 * b, 2 * a + 4 * y * b


_wells = np.sort(np.roots([4, 0, -4, 0.3]).real)  # x of the low well, of the hill, of the high well

double_well = Surface("double well", r"(x^2 - 1)^2 + 0.3 x + \frac{1}{2} y^2", _double_well,
                      ((float(_wells[0]), 0.0), (float(_wells[2]), 0.0)),
                      ((-2.0, 2.0), (-1.5, 1.5)), (1.8, 1.2))
saddle = Surface("saddle", r"\frac{1}{2} x^2 - \frac{1}{2} y^2 + \frac{1}{4} y^4", _saddle,
                 ((0.0, 1.0), (0.0, -1.0)), ((-2.0, 2.0), (-1.5, 1.5)), (-1.8, 0.01))
rosenbrock = Surface("Rosenbrock", r"(1 - x)^2 + 100 (y - x^2)^2", _rosenbrock,
                     ((1.0, 1.0),), ((-2.0, 2.0), (-1.0, 3.0)), (-1.2, 1.0))
beale = Surface("Beale", r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2", _beale,
                ((3.0, 0.5),), ((-4.5, 4.5), (-4.5, 4.5)), (1.0, 1.5))
himmelblau = Surface("Himmelblau", r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2", _himmelblau,
                     ((3.0, 2.0), (-2.805118086952745, 3.131312518250573),
                      (-3.779310253377747, -3.283185991286170),
                      (3.584428340330492, -1.848126526964404)),
                     ((-5.0, 5.0), (-5.0, 5.0)), (0.0, 0.0))
