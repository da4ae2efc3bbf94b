"""What is asked in 02: curvature from gradients, its largest and smallest value, a descent."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def hessian_times(gradient, theta, d, h):
    """The Hessian at theta times the vector d, from two gradients.

    gradient(theta) returns an array of theta's shape (P,). Central difference along d: how the
    gradient changes from theta - h d to theta + h d, for each unit of the way. An array (P,).
    """
    return (gradient(theta + h * d) - gradient(theta - h * d)) / (2 * h)


def largest_curvature(hessian, d, steps):
    """The Hessian's eigenvalue of the largest size, with its sign, by power iteration.

    hessian: symmetric, (P, P). Start with the vector d (P,); each of the steps replaces it by
    hessian @ d, brought to length 1. Then the curvature along the last d. One number.
    """
    for step in range(steps):
        d = hessian @ d
        d = d / np.linalg.norm(d)
    return d @ hessian @ d


def condition_number(hessian, d, steps):
    """The largest eigenvalue of a Hessian divided by the smallest; all are positive.

    Builds on largest_curvature, which is called twice, with the same d (P,) and steps: for the
    Hessian (P, P), and for the one that the shift turns around. One number.
    """
    largest = largest_curvature(hessian, d, steps)
    turned = largest * np.eye(len(d)) - hessian
    return largest / (largest - largest_curvature(turned, d, steps))


def descend_until(gradient, theta, lr, k0, limit, most):
    """Gradient descent with the rate lr / (1 + k / k0) at step k = 0, 1, 2, ...

    It stops where the gradient's norm is at most limit, before another step is taken, and in any
    case after `most` steps. Returns theta (P,) where it stands and the number of steps taken.
    """
    for k in range(most):
        g = gradient(theta)
        if np.linalg.norm(g) <= limit:
            return theta, k
        theta = theta - lr / (1 + k / k0) * g
    return theta, most


def _symmetric(rng, eigenvalues):
    """A matrix with these eigenvalues, turned at random."""
    q = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    return q * eigenvalues @ q.T


def _bent(rng, p):
    """The gradient of a loss that is no parabola: a matrix and cubes."""
    a, c = _symmetric(rng, rng.uniform(-2, 5, p)), rng.uniform(1, 3, p)

    def gradient(theta):
        return a @ theta + c * theta**3
    gradient.__doc__ = _("the gradient of a loss that is no parabola")
    return gradient


def _bowl(rng, p):
    """The gradient of a bowl that is nearly round, and where its bottom is."""
    a, bottom = _symmetric(rng, rng.uniform(0.6, 1.4, p)), rng.normal(size=p)

    def gradient(theta):
        return a @ (theta - bottom)
    gradient.__doc__ = _("the gradient of a bowl")
    return gradient, bottom


def _probes(rng):
    """(gradient, theta, d, h): d is not of length 1, theta is somewhere else."""
    return [(_bent(rng, p), rng.normal(size=p), rng.uniform(1, 2, p) * rng.choice((-1, 1), p), h)
            for p, h in ((2, 0.1), (3, 0.2), (4, 0.5), (2, 0.3), (5, 0.05))]


def _iterations(rng):
    """(hessian, d, steps): after few steps and after many; saddles too, and a hill."""
    cases = []
    for p, steps, sign in ((2, 1, 1), (3, 2, 1), (3, 3, -1), (4, 4, 1), (3, 80, -1)):
        others = rng.uniform(-0.6, 0.6, p - 1)
        hessian = _symmetric(rng, rng.uniform(2, 9) * np.array([sign, *others]))
        cases.append((hessian, rng.uniform(1, 2, p), steps))
    return cases


def _valleys(rng):
    """(hessian, d, steps): positive eigenvalues far enough apart that 80 steps settle them."""
    cases = []
    for p in (2, 3, 3, 4, 5):
        middle = rng.uniform(0.3, 0.6, p - 2)
        hessian = _symmetric(rng, rng.uniform(2, 50) * np.array([1, *middle, rng.uniform(.02, .1)]))
        cases.append((hessian, rng.uniform(1, 2, p), 80))
    return cases


def _walks(rng):
    """(gradient, theta, lr, k0, limit, most): some arrive, one is there, one runs out of steps."""
    cases = []
    for p, stop, far in ((2, 5, 1), (3, 4, 5), (4, 7, 1), (2, 0, 1), (3, 6, 5), (2, None, 1)):
        gradient, bottom = _bowl(rng, p)
        theta, lr = bottom + far * rng.uniform(0.2, 0.5, p), rng.uniform(0.08, 0.15)
        k0 = int(rng.integers(6, 15))
        norms = [np.linalg.norm(gradient(descend_until(gradient, theta, lr, k0, 0, k)[0]))
                 for k in range(9)]
        limit = 0.01 if stop is None else (norms[stop] * ([2 * norms[0]] + norms)[stop])**0.5
        cases.append((gradient, theta, lr, k0, limit, 9))
    return cases


def _power(hessian, d, steps, scaled=True, value=lambda hessian, d: d @ hessian @ d):
    """The solution with another value(hessian, d) at the end."""
    for step in range(steps):
        d = hessian @ d
        d = d / np.linalg.norm(d) if scaled else d
    return value(hessian, d)


def _ends(hessian):
    """The largest and the smallest eigenvalue."""
    return np.linalg.eigvalsh(hessian)[[-1, 0]]


def _walk(gradient, theta, lr, k0, limit, most, rate=lambda lr, k0, k: lr / (1 + k / k0),
          near=lambda g, step, limit: np.linalg.norm(g) <= limit, at=None):
    """The solution with another rate, another rule to stop, or the gradient at one place."""
    for k in range(most):
        g = gradient(theta if at is None else at)
        step = rate(lr, k0, k) * g
        if near(g, step, limit):
            return theta, k
        theta = theta - step
    return theta, most


def _too_late(gradient, theta, lr, k0, limit, most):
    for k in range(most):
        g = gradient(theta)
        theta = theta - lr / (1 + k / k0) * g
        if np.linalg.norm(g) <= limit:
            return theta, k + 1
    return theta, most


def _compound(gradient, theta, lr, k0, limit, most):
    for k in range(most):
        g = gradient(theta)
        if np.linalg.norm(g) <= limit:
            return theta, k
        lr = lr / (1 + k / k0)
        theta = theta - lr * g
    return theta, most


ITEMS = (
    Item(Exercise(
        hessian_times, cases=_probes,
        returns=_("an array with one number for each parameter"),
        praise=_("it looks both ways along d, and divides by the distance"),
        mistakes=(
            Mistake("forward",
                    _("this looks only ahead: the central difference goes from theta - h d to "
                      "theta + h d, over 2h."),
                    lambda gradient, theta, d, h: (gradient(theta + h * d) - gradient(theta)) / h),
            Mistake("backward",
                    _("this looks only back: the central difference goes from theta - h d to "
                      "theta + h d, over 2h."),
                    lambda gradient, theta, d, h: (gradient(theta) - gradient(theta - h * d)) / h),
            Mistake("divided-by-h",
                    _("this is twice as much: theta - h d and theta + h d are 2h steps of d "
                      "apart."),
                    lambda gradient, theta, d, h: hessian_times(gradient, theta, d, h) * 2),
            Mistake("times-h",
                    _("a change is divided by the way: put 2 * h in brackets, / (2 * h)."),
                    lambda gradient, theta, d, h: hessian_times(gradient, theta, d, h) * h**2),
            Mistake("not-divided", said("numerical_gradient", "not-divided"),
                    lambda gradient, theta, d, h: hessian_times(gradient, theta, d, h) * 2 * h),
            Mistake("wrong-sign",
                    _("the sign is wrong: it is the gradient at theta + h d minus that at theta "
                      "- h d."),
                    lambda gradient, theta, d, h: hessian_times(gradient, theta, d, -h) * -1),
            Mistake("unit-length",
                    _("d is brought to length 1 here: the Hessian times d grows with d, so leave "
                      "it as it is."),
                    lambda gradient, theta, d, h: hessian_times(
                        gradient, theta, d / np.linalg.norm(d), h)),
            Mistake("divided-by-the-length",
                    _("the way is counted in d, not in units: divide by 2h alone."),
                    lambda gradient, theta, d, h: hessian_times(gradient, theta, d, h)
                    / np.linalg.norm(d)),
            Mistake("direction-forgotten",
                    _("every parameter is moved by h: move along d, by h times d."),
                    lambda gradient, theta, d, h: hessian_times(
                        gradient, theta, np.ones(len(d)), h)),
            Mistake("curvature",
                    _("this is one number, the curvature along d: return the whole vector."),
                    lambda gradient, theta, d, h: d @ hessian_times(gradient, theta, d, h)),
        )),
        points=3, costs={"forward": 2, "backward": 2, "divided-by-h": 1, "times-h": 1,
                         "unit-length": 1, "divided-by-the-length": 1, "curvature": 2}),
    Item(Exercise(
        largest_curvature, cases=_iterations,
        returns=_("one number"),
        praise=_("each step turns d towards the steepest curvature, and the sign is kept"),
        mistakes=(
            Mistake("length",
                    _("the length of H d has lost the sign, and is too large as long as d still "
                      "turns: the curvature along d is d·H d."),
                    lambda *a: _power(*a, value=lambda hessian, d: np.linalg.norm(hessian @ d))),
            Mistake("size-alone",
                    _("the sign is lost: a hill has negative curvature."),
                    lambda *a: abs(largest_curvature(*a))),
            Mistake("not-scaled",
                    _("d is never brought to length 1, so it grows with every step: divide it by "
                      "its length."),
                    lambda *a: _power(*a, scaled=False)),
            Mistake("one-step-short",
                    _("one step is missing: steps times d becomes H d, and then its curvature is "
                      "taken."),
                    lambda hessian, d, steps: largest_curvature(
                        hessian, d / np.linalg.norm(d), steps - 1)),
            Mistake("one-step-too-many",
                    _("this is one step too many: take the curvature along d after steps "
                      "steps."),
                    lambda hessian, d, steps: largest_curvature(hessian, d, steps + 1)),
            Mistake("start-alone",
                    _("this is the curvature along the d that was given: first let it turn."),
                    lambda hessian, d, steps: d @ hessian @ d / (d @ d),
                    lambda hessian, d, steps: d @ hessian @ d),
            Mistake("one-component",
                    _("this is the growth of one component: take d·H d, where all of them "
                      "count."),
                    lambda *a: _power(*a, value=lambda hessian, d: (hessian @ d)[0] / d[0]),
                    lambda *a: _power(*a, value=lambda hessian, d: np.mean(hessian @ d / d))),
            Mistake("direction",
                    _("this is the direction: return the curvature along it, d·H d."),
                    lambda *a: _power(*a, value=lambda hessian, d: d)),
            Mistake("exact",
                    _("this is the exact eigenvalue: the task asks what power iteration has "
                      "found after steps steps, be it near or not."),
                    lambda hessian, d, steps: np.linalg.eigvalsh(hessian)[
                        np.abs(np.linalg.eigvalsh(hessian)).argmax()],
                    lambda hessian, d, steps: np.linalg.eigvalsh(hessian).max()),
        )),
        points=4, costs={"length": 2, "size-alone": 1, "not-scaled": 2, "one-step-short": 1,
                         "one-step-too-many": 1, "one-component": 2, "direction": 2, "exact": 2}),
    Item(Exercise(
        condition_number, cases=_valleys,
        returns=_("one number, at least 1"),
        praise=_("the shift turns the smallest eigenvalue into the largest"),
        mistakes=(
            Mistake("turned-around",
                    _("this is below 1: divide the largest by the smallest."),
                    lambda hessian, *a: np.divide(*_ends(hessian)[::-1])),
            Mistake("not-shifted-back",
                    _("what the second call finds is still shifted: the smallest eigenvalue is "
                      "the largest minus that."),
                    lambda hessian, *a: _ends(hessian)[0] / (_ends(hessian) @ (1, -1))),
            Mistake("shift-turned-around",
                    _("H - λI has the negative of it: turn the shift around, λI - H, or add "
                      "instead of subtracting."),
                    lambda hessian, *a: _ends(hessian)[0] / (_ends(hessian) @ (2, -1))),
            Mistake("difference",
                    _("this is the difference of the two: divide them."),
                    lambda hessian, *a: _ends(hessian) @ (1, -1)),
            Mistake("smallest",
                    _("this is the smallest eigenvalue: divide the largest by it."),
                    lambda hessian, *a: _ends(hessian)[1]),
            Mistake("root",
                    _("no root: κ itself is the ratio of the two."),
                    lambda hessian, *a: np.divide(*_ends(hessian))**0.5),
            Mistake("diagonal",
                    _("the diagonal has the curvatures along the axes, and a valley may lie "
                      "across them: take eigenvalues."),
                    lambda hessian, *a: np.diag(hessian).max() / np.diag(hessian).min()),
            Mistake("singular-value-squared",
                    _("this is the square, the condition number of HᵀH: take that of H."),
                    lambda hessian, *a: np.divide(*_ends(hessian))**2),
        )),
        points=4, builds_on=("largest_curvature",),
        costs={"turned-around": 1, "not-shifted-back": 2, "shift-turned-around": 2,
               "difference": 3, "smallest": 2, "root": 2, "singular-value-squared": 2}),
    Item(Exercise(
        descend_until, cases=_walks,
        returns=_("theta and the number of steps"),
        praise=_("it looks before it steps, and the rate falls"),
        mistakes=(
            Mistake("uphill", _("this goes uphill: subtract lr times the gradient."),
                    lambda gradient, theta, lr, *a: descend_until(gradient, theta, -lr, *a)),
            Mistake("one-step-too-many",
                    _("it steps first and looks afterwards: where the gradient is small enough "
                      "already, no more step is taken."),
                    _too_late),
            Mistake("step-measured",
                    _("this measures the step: what is compared with the limit is the gradient's "
                      "norm, without the rate."),
                    lambda *a: _walk(*a, near=lambda g, step, limit:
                                     np.linalg.norm(step) <= limit)),
            Mistake("another-norm", said("clip_by_norm", "another-norm"),
                    lambda *a: _walk(*a, near=lambda g, step, limit: np.abs(g).max() <= limit),
                    lambda *a: _walk(*a, near=lambda g, step, limit: np.abs(g).sum() <= limit)),
            Mistake("square-of-the-norm",
                    _("this compares the square of the norm: take the root of the sum of "
                      "squares."),
                    lambda *a: _walk(*a, near=lambda g, step, limit: g @ g <= limit)),
            Mistake("never-stops",
                    _("it always takes all the steps: stop where the gradient is small enough."),
                    lambda *a: _walk(*a, near=lambda g, step, limit: False)),
            Mistake("constant", said("decaying_rate", "constant"),
                    lambda *a: _walk(*a, rate=lambda lr, k0, k: lr)),
            Mistake("off-by-one", said("decaying_rate", "off-by-one"),
                    lambda *a: _walk(*a, rate=lambda lr, k0, k: lr / (1 + (k + 1) / k0))),
            Mistake("compounding",
                    _("the rate that has already fallen is divided again: start from lr at each "
                      "step."),
                    _compound),
            Mistake("exponential", said("decaying_rate", "exponential"),
                    lambda *a: _walk(*a, rate=lambda lr, k0, k: lr * np.exp(-k / k0)),
                    lambda *a: _walk(*a, rate=lambda lr, k0, k: lr * 0.5**(k / k0))),
            Mistake("gradient-at-the-start", said("descent_history", "gradient-at-the-start"),
                    lambda gradient, theta, *a: _walk(gradient, theta, *a, at=theta)),
            Mistake("counted-from-one",
                    _("the number of steps is one too high where it stops early: count those "
                      "that were taken."),
                    lambda gradient, theta, lr, k0, limit, most: (
                        lambda end, k: (end, min(k + 1, most)))(
                            *descend_until(gradient, theta, lr, k0, limit, most))),
            Mistake("pair-swapped", said("momentum_step", "pair-swapped"),
                    lambda *a: descend_until(*a)[::-1]),
        )),
        points=4, costs={"uphill": 2, "one-step-too-many": 1, "step-measured": 2, "another-norm": 2,
                         "square-of-the-norm": 2, "never-stops": 2, "constant": 2, "off-by-one": 1,
                         "compounding": 2, "exponential": 2, "counted-from-one": 1,
                         "pair-swapped": 1}),
)

QUESTIONS = (
    Question("long-valley", 3, """
1 point: the rate. The limit is 2/λ = 2/40 = 0.05; above it the walk diverges along the steepest
direction. (Along that direction η = 0.05 is the edge; 1/40 hits its bottom in one step.)

1 point: the number of iterations. The flattest curvature is 40/2500 = 0.016. At a rate near the
limit an iteration shrinks the error along it by about 1 - 0.05 · 0.016 = 0.9992, so a hundredth
takes about ln 100 / 0.0008 = 5,800 iterations. Any answer from 5,000 to 12,000 with this reasoning
counts (1/40 as rate gives 11,500).

1 point: a cure, with its reason. Change the shape (scale or whiten the features, so that κ falls),
or use a method that suffers less from κ (Momentum: √κ; RMSProp or Adam where the valley lies along
the axes). "A larger rate" or "more iterations" is no cure.
"""),
)
