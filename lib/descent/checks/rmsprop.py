"""Exercises on RMSProp: one step, its rates, its bound, and an epsilon to repair."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake


def rmsprop_step(theta, s, g, lr, rho, eps):
    """One step of RMSProp: the new theta and the new average of squared gradients."""
    s = rho * s + (1 - rho) * g**2
    return theta - lr * g / (np.sqrt(s) + eps), s


def effective_rates(s, lr, eps):
    """The learning rate that each parameter has of its own."""
    return lr / (np.sqrt(s) + eps)


def largest_update(lr, rho):
    """No update of RMSProp from rest is larger than this, whatever the gradient."""
    return lr / (1 - rho)**0.5


def repaired_rmsprop(theta, s, g, lr, rho, eps):
    """One step of RMSProp that survives a gradient of 0."""
    s = rho * s + (1 - rho) * g**2
    return theta - lr * g / (np.sqrt(s) + eps), s


def _moving(rng):
    """Points with a memory, a gradient and an eps that can be seen; one of them starts at 0."""
    return [(np.array([2.0, -1.0]), np.array([4.0, 0.25]), np.array([3.0, -0.5]), 0.1, 0.9, 0.1),
            (rng.normal(size=3), rng.uniform(0.5, 4, 3), rng.normal(size=3) * 3, 0.03, 0.6, 0.5),
            (np.array([1.0, 2.0]), np.zeros(2), np.array([-2.0, 3.0]), 0.2, 0.8, 1e-3)]


def _flat(rng):
    """The same, and a parameter whose gradient is 0 and always was."""
    return [*_moving(rng), (np.array([1.0, 2.0, -1.0]), np.array([0.0, 1.0, 0.0]),
                            np.array([0.0, 3.0, 2.0]), 0.1, 0.9, 1e-2)]


def _step(theta, s, g, lr, rho, eps, new=lambda s, g, rho: rho * s + (1 - rho) * g**2,
          move=lambda g, s, eps: g / (np.sqrt(s) + eps)):
    """The solution with other parts."""
    s = new(s, g, rho)
    return theta - lr * move(g, s, eps), s


def _in_place(theta, s, g, lr, rho, eps):
    s *= rho
    s += (1 - rho) * g**2
    theta -= lr * g / (np.sqrt(s) + eps)
    return theta, s


ROOT_FORGOTTEN = Mistake(
    "root-forgotten", _("the root is missing: divide by np.sqrt(s), which has the gradient's "
                        "unit."),
    lambda *a: _step(*a, move=lambda g, s, eps: g / (s + eps)))
EPS_FORGOTTEN = Mistake(
    "eps-forgotten", _("eps is missing: without it a gradient of 0 is divided by 0."),
    lambda *a: _step(*a, move=lambda g, s, eps: g / np.sqrt(s)))
EPS_INSIDE = Mistake(
    "eps-inside", _("eps is under the root: in this course, as in PyTorch, it stands outside."),
    lambda *a: _step(*a, move=lambda g, s, eps: g / np.sqrt(s + eps)))
NOT_KEPT = Mistake(
    "not-kept", _("the s that comes back is the old one: return the new s."),
    lambda theta, s, g, lr, rho, eps: (rmsprop_step(theta, s, g, lr, rho, eps)[0], s))
UPHILL = Mistake("uphill", _("this goes uphill: subtract the step."),
                 lambda *a: _step(*a, move=lambda g, s, eps: -g / (np.sqrt(s) + eps)))
SWAPPED = Mistake("pair-swapped", _("the two are in the wrong order: theta comes first."),
                  lambda *a: rmsprop_step(*a)[::-1])

EXERCISES = (
    Exercise(
        rmsprop_step, cases=_moving,
        returns=_("the new theta and the new s, in this order"),
        praise=_("each parameter is divided by the root of its own mean square"),
        mistakes=(
            Mistake("square-forgotten",
                    _("s averages the squares of gradients: g**2."),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * g),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * np.abs(g))),
            ROOT_FORGOTTEN, EPS_INSIDE, EPS_FORGOTTEN,
            Mistake("sum",
                    _("this adds up the squares for ever, as AdaGrad does: (1 - rho) * g**2 "
                      "makes it an average that forgets."),
                    lambda *a: _step(*a, new=lambda s, g, rho: s + g**2),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + g**2)),
            Mistake("weights-swapped",
                    _("rho and 1 - rho are swapped: rho keeps the old average."),
                    lambda *a: _step(*a, new=lambda s, g, rho: (1 - rho) * s + rho * g**2)),
            Mistake("old-average",
                    _("the step takes the old s: update it first."),
                    lambda theta, s, g, lr, rho, eps: (
                        theta - lr * g / (np.sqrt(s) + eps), rho * s + (1 - rho) * g**2)),
            NOT_KEPT, UPHILL,
            Mistake("gradient-squared",
                    _("the gradient itself is squared in the step: above the line stands g."),
                    lambda *a: _step(*a, move=lambda g, s, eps: g**2 / (np.sqrt(s) + eps))),
            Mistake("gradient-forgotten",
                    _("g is missing above the line: this is a step of the same length "
                      "everywhere, always downwards."),
                    lambda *a: _step(*a, move=lambda g, s, eps: 1 / (np.sqrt(s) + eps))),
            Mistake("one-average-for-all",
                    _("one number for all parameters: let s have one for each."),
                    lambda *a: _step(*a, new=lambda s, g, rho: (
                        rho * s + (1 - rho) * np.mean(g**2))),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * np.sum(g**2))),
            Mistake("multiplied",
                    _("this multiplies by the root: divide, so that a large gradient gets a small "
                      "rate."),
                    lambda *a: _step(*a, move=lambda g, s, eps: g * (np.sqrt(s) + eps))),
            Mistake("eps-on-the-quotient",
                    _("eps is added to the quotient: it belongs to the root, to keep it from 0."),
                    lambda *a: _step(*a, move=lambda g, s, eps: g / np.sqrt(s) + eps)),
            SWAPPED,
            Mistake("in-place", _("*=, += and -= change the caller's arrays: make new ones."),
                    _in_place),
        )),
    Exercise(
        effective_rates,
        returns=_("an array with one rate for each parameter"),
        praise=_("small gradients have large rates"),
        cases=lambda rng: [(np.array([4.0, 0.25, 1.0]), 0.1, 0.1), (rng.uniform(0, 9, 4), 0.02, 1e-3),
                           (np.array([0.0, 1e-6]), 0.01, 1e-2)],
        mistakes=(
            Mistake("root-forgotten", _("the root is missing: s holds squares."),
                    lambda s, lr, eps: lr / (s + eps)),
            Mistake("eps-inside", _("eps is under the root: it stands outside."),
                    lambda s, lr, eps: lr / np.sqrt(s + eps)),
            Mistake("eps-forgotten", _("eps is missing: where s is 0 the rate is infinite."),
                    lambda s, lr, eps: lr / np.sqrt(s)),
            Mistake("multiplied", _("this multiplies by the root: divide, so that a large gradient "
                                    "gets a small rate."),
                    lambda s, lr, eps: lr * np.sqrt(s), lambda s, lr, eps: lr * (np.sqrt(s) + eps)),
            Mistake("rate-forgotten", _("lr is missing above the line."),
                    lambda s, lr, eps: 1 / (np.sqrt(s) + eps)),
            Mistake("eps-on-the-quotient", _("eps is added to the quotient: it belongs to the "
                                             "root."),
                    lambda s, lr, eps: lr / np.sqrt(s) + eps),
            Mistake("one-for-all", _("one rate for all: every parameter has its own."),
                    lambda s, lr, eps: lr / (np.sqrt(s.mean()) + eps),
                    lambda s, lr, eps: np.full(len(s), lr / (np.sqrt(s.mean()) + eps))),
            Mistake("turned-around", _("this is one over the rate: lr stands above the line."),
                    lambda s, lr, eps: (np.sqrt(s) + eps) / lr),
        )),
    Exercise(
        largest_update,
        returns=_("one number"),
        praise=_("at rho = 0.9 that is 3.16 times lr"),
        cases=lambda rng: [(0.1, 0.9), (0.01, 0.99), (1.0, 0.5), (0.3, 0.0)],
        mistakes=(
            Mistake("root-forgotten",
                    _("s is at least (1 - rho) g², and its root is divided by: take the root of "
                      "1 - rho."),
                    lambda lr, rho: lr / (1 - rho)),
            Mistake("just-the-rate",
                    _("lr is the size of a step when gradients are all alike: after a long calm "
                      "one gradient can make a larger one."),
                    lambda lr, rho: lr),
            Mistake("turned-around",
                    _("the root of 1 - rho is below 1: dividing by it makes the bound larger "
                      "than lr."),
                    lambda lr, rho: lr * (1 - rho)**0.5, lambda lr, rho: lr * (1 - rho)),
            Mistake("rho-for-the-rest",
                    _("what the newest gradient weighs in s is 1 - rho, not rho."),
                    lambda lr, rho: lr / rho**0.5 if rho else np.inf,
                    lambda lr, rho: lr / rho if rho else np.inf),
            Mistake("rate-forgotten", _("lr is missing above the line."),
                    lambda lr, rho: 1 / (1 - rho)**0.5),
        )),
    Exercise(
        repaired_rmsprop, cases=_flat,
        returns=_("the new theta and the new s, in this order"),
        praise=_("a flat direction stays where it is"),
        mistakes=(
            Mistake("as-given",
                    _("not repaired yet: a parameter whose gradient is 0 and always was becomes "
                      "NaN, and all the others move a little too far down."),
                    lambda theta, s, g, lr, rho, eps: _step(
                        theta, s, g, lr, rho, eps,
                        move=lambda g, s, eps: (lr * g / np.sqrt(s) + eps) / lr)),
            Mistake("eps-times-rate",
                    _("eps is still added to the quotient, now times lr: it belongs to the root."),
                    lambda *a: _step(*a, move=lambda g, s, eps: g / np.sqrt(s) + eps)),
            EPS_FORGOTTEN, EPS_INSIDE, ROOT_FORGOTTEN, NOT_KEPT, UPHILL, SWAPPED,
            Mistake("eps-in-s",
                    _("eps goes into s here and stays there, growing with every step: add it to "
                      "the root alone."),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * g**2 + a[-1],
                                     move=lambda g, s, eps: g / np.sqrt(s))),
        )),
)
