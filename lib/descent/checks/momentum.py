"""Exercises on Momentum and Nesterov: one step, a fair rate, a whole run."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake
from .gradient_descent import _bowl, _valley


def momentum_step(theta, v, g, lr, beta):
    """One step of the heavy ball: the new theta and the new velocity."""
    v = beta * v + g
    return theta - lr * v, v


def nesterov_step(theta, v, g, lr, beta):
    """One step of Nesterov's momentum: the new theta and the new velocity."""
    v = beta * v + g
    return theta - lr * (g + beta * v), v


def fair_rate(lr, beta):
    """Momentum's rate that goes as far in the long run as gradient descent with lr."""
    return lr * (1 - beta)


def momentum_history(gradient, theta, lr, beta, steps):
    """The start and the point after each step, in shape (steps + 1, parameters)."""
    history, v = [theta], np.zeros(len(theta))
    for step in range(steps):
        v = beta * v + gradient(theta)
        theta = theta - lr * v
        history.append(theta)
    return np.array(history)


def _moving(rng):
    """Points with a velocity, a gradient, a rate and β; one of them starts from rest."""
    return [(np.array([2.0, -1.0]), np.array([0.5, 4.0]), np.array([3.0, 0.5]), 0.1, 0.9),
            (*rng.normal(size=(3, 3)) * 3, 0.03, 0.6),
            (np.array([1.0, 2.0]), np.zeros(2), np.array([-2.0, 1.0]), 0.2, 0.8)]


def _in_place(theta, v, g, lr, beta):
    v *= beta
    v += g
    theta -= lr * v
    return theta, v


def _nesterov_in_place(theta, v, g, lr, beta):
    v *= beta
    v += g
    theta -= lr * (g + beta * v)
    return theta, v


def _run(gradient, theta, lr, beta, steps, step):
    """The solution with something else for a step: step(theta, v, g, lr, beta)."""
    history, v = [theta], np.zeros(len(theta))
    for k in range(steps):
        theta, v = step(theta, v, gradient(theta), lr, beta)
        history.append(theta)
    return np.array(history)


def _run_in_place(gradient, theta, lr, beta, steps):
    history, v = [theta], np.zeros(len(theta))
    for k in range(steps):
        v = beta * v + gradient(theta)
        theta -= lr * v
        history.append(theta)
    return np.array(history)


def _fixed_gradient(gradient, theta, lr, beta, steps):
    g = gradient(theta)
    return _run(lambda theta: g, theta, lr, beta, steps, momentum_step)


EXERCISES = (
    Exercise(
        momentum_step, cases=_moving,
        returns=_("the new theta and the new velocity, in this order"),
        praise=_("the velocity remembers, and the step takes the new one"),
        mistakes=(
            Mistake("uphill", _("this goes uphill: subtract lr * v."),
                    lambda theta, v, g, lr, beta: (theta + lr * (beta * v + g), beta * v + g)),
            Mistake("average",
                    _("this averages gradients, (1 - beta) * g: the heavy ball of this course "
                      "adds them up, so its v is 1/(1 - beta) times as long."),
                    lambda theta, v, g, lr, beta: (
                        theta - lr * (beta * v + (1 - beta) * g), beta * v + (1 - beta) * g)),
            Mistake("rate-inside",
                    _("here v has the rate inside, as some teachers write it: in this course v "
                      "sums gradients, and lr multiplies v in the step."),
                    lambda theta, v, g, lr, beta: (theta - (beta * v + lr * g), beta * v + lr * g),
                    lambda theta, v, g, lr, beta: (theta + (beta * v - lr * g), beta * v - lr * g)),
            Mistake("old-velocity",
                    _("the step takes the old velocity: update v first."),
                    lambda theta, v, g, lr, beta: (theta - lr * v, beta * v + g)),
            Mistake("not-kept",
                    _("the velocity that comes back is the old one: return the new v, or the "
                      "ball forgets."),
                    lambda theta, v, g, lr, beta: (theta - lr * (beta * v + g), v)),
            Mistake("no-memory",
                    _("the old velocity is not in it: v = beta * v + g."),
                    lambda theta, v, g, lr, beta: (theta - lr * g, g)),
            Mistake("velocity-unused",
                    _("v is right, but the step doesn't use it: it takes g instead of the new v, "
                      "so this is gradient descent's step."),
                    lambda theta, v, g, lr, beta: (theta - lr * g, beta * v + g)),
            Mistake("weights-swapped",
                    _("beta multiplies the gradient here: it is the old velocity that fades."),
                    lambda theta, v, g, lr, beta: (theta - lr * (v + beta * g), v + beta * g),
                    lambda theta, v, g, lr, beta: (
                        theta - lr * ((1 - beta) * v + beta * g), (1 - beta) * v + beta * g)),
            Mistake("no-friction",
                    _("beta is missing: without friction the velocity only grows."),
                    lambda theta, v, g, lr, beta: (theta - lr * (v + g), v + g)),
            Mistake("brake-on-the-gradient",
                    _("v + g is multiplied by beta as a whole: only the old velocity is."),
                    lambda theta, v, g, lr, beta: (theta - lr * beta * (v + g), beta * (v + g))),
            Mistake("minus",
                    _("the gradient is subtracted twice, in v and in the step: one minus is "
                      "enough."),
                    lambda theta, v, g, lr, beta: (theta - lr * (beta * v - g), beta * v - g)),
            Mistake("nesterov",
                    _("this is Nesterov's step, g + beta * v: the heavy ball takes v alone."),
                    lambda theta, v, g, lr, beta: nesterov_step(theta, v, g, lr, beta)),
            Mistake("rate-forgotten", _("the learning rate is missing in the step: lr * v."),
                    lambda theta, v, g, lr, beta: (theta - (beta * v + g), beta * v + g)),
            Mistake("pair-swapped", _("the two are in the wrong order: theta comes first."),
                    lambda *a: momentum_step(*a)[::-1]),
            Mistake("in-place",
                    _("*=, += and -= change the caller's arrays: make new ones."),
                    _in_place),
        )),
    Exercise(
        nesterov_step, cases=_moving,
        returns=_("the new theta and the new velocity, in this order"),
        praise=_("it moves by the gradient and by the velocity to come"),
        mistakes=(
            Mistake("heavy-ball",
                    _("this is the heavy ball: Nesterov steps by g + beta * v with the new v."),
                    lambda theta, v, g, lr, beta: momentum_step(theta, v, g, lr, beta),
                    lambda theta, v, g, lr, beta: (theta - lr * (g + beta * v), beta * v + g)),
            Mistake("beta-forgotten",
                    _("the new v is added whole: it fades once more, beta * v."),
                    lambda theta, v, g, lr, beta: (theta - lr * (g + beta * v + g), beta * v + g)),
            Mistake("beta-on-the-gradient",
                    _("beta multiplies g here: it belongs to the new v, g + beta * v."),
                    lambda theta, v, g, lr, beta: (
                        theta - lr * (beta * v + g + beta * g), beta * v + g)),
            Mistake("gradient-forgotten",
                    _("the step lacks the gradient itself: g + beta * v."),
                    lambda theta, v, g, lr, beta: (
                        theta - lr * beta * (beta * v + g), beta * v + g)),
            Mistake("average",
                    _("this averages gradients, (1 - beta) * g: here v adds them up."),
                    lambda theta, v, g, lr, beta: (
                        theta - lr * (g + beta * (beta * v + (1 - beta) * g)),
                        beta * v + (1 - beta) * g),
                    lambda theta, v, g, lr, beta: (
                        theta - lr * ((1 - beta) * g + beta * (beta * v + (1 - beta) * g)),
                        beta * v + (1 - beta) * g)),
            Mistake("uphill", _("this goes uphill: subtract lr * (g + beta * v)."),
                    lambda theta, v, g, lr, beta: (
                        theta + lr * (g + beta * (beta * v + g)), beta * v + g)),
            Mistake("not-kept",
                    _("the velocity that comes back is not beta * v + g: return the new v, as it "
                      "was before the step looked ahead."),
                    lambda theta, v, g, lr, beta: (theta - lr * (g + beta * (beta * v + g)), v),
                    lambda theta, v, g, lr, beta: (theta - lr * (g + beta * (beta * v + g)),
                                                   g + beta * (beta * v + g))),
            Mistake("pair-swapped", _("the two are in the wrong order: theta comes first."),
                    lambda *a: nesterov_step(*a)[::-1]),
            Mistake("in-place",
                    _("*=, += and -= change the caller's arrays: make new ones."),
                    _nesterov_in_place),
        )),
    Exercise(
        fair_rate,
        returns=_("one number"),
        praise=_("at beta = 0.9 that is ten times less"),
        cases=lambda rng: [(0.1, 0.9), (0.02, 0.5), (1.0, 0.99), (0.3, 0.0)],
        mistakes=(
            Mistake("turned-around",
                    _("Momentum already goes 1/(1 - beta) times as far: its rate must be smaller, "
                      "not larger."),
                    lambda lr, beta: lr / (1 - beta)),
            Mistake("the-same",
                    _("at the same rate Momentum goes 1/(1 - beta) times as far: that is the "
                      "unfair comparison."),
                    lambda lr, beta: lr),
            Mistake("times-beta",
                    _("beta is the share that stays: what counts is 1 - beta, the share that "
                      "fades."),
                    lambda lr, beta: lr * beta, lambda lr, beta: lr / beta if beta else np.inf),
            Mistake("plus",
                    _("1 + beta is in the limit of stability: the long run has 1 - beta."),
                    lambda lr, beta: lr / (1 + beta), lambda lr, beta: lr * (1 + beta)),
            Mistake("squared",
                    _("1 - beta comes once: the velocity sums 1 + beta + beta² + ..., and this "
                      "sum is 1/(1 - beta)."),
                    lambda lr, beta: lr * (1 - beta)**2, lambda lr, beta: lr * (1 - beta**2)),
            Mistake("root",
                    _("no root: the sum 1 + beta + beta² + ... is 1/(1 - beta)."),
                    lambda lr, beta: lr * (1 - beta)**0.5),
        )),
    Exercise(
        momentum_history,
        returns=_("an array of shape (steps + 1, parameters)"),
        praise=_("the velocity lives on from step to step"),
        cases=lambda rng: [(_bowl, np.array([2.0, 1.0]), 0.05, 0.9, 2),
                           (_bowl, np.array([-1.0, 2.0]), 0.1, 0.5, 4),
                           (_valley, rng.uniform(0.5, 1, 3), 0.05, 0.8, 5)],
        mistakes=(
            Mistake("velocity-forgotten",
                    _("this is gradient descent: either v starts from 0 in every iteration, or "
                      "the step takes g instead of v. Set v before the loop, keep it, and step "
                      "by it."),
                    lambda *a: _run(*a, lambda theta, v, g, lr, beta: (theta - lr * g, v))),
            Mistake("average",
                    _("this averages gradients, (1 - beta) * g: the heavy ball adds them up."),
                    lambda *a: _run(*a, lambda theta, v, g, lr, beta: (
                        theta - lr * (beta * v + (1 - beta) * g), beta * v + (1 - beta) * g))),
            Mistake("old-velocity",
                    _("the step takes the old velocity, so nothing moves at first: update v "
                      "before theta."),
                    lambda *a: _run(*a, lambda theta, v, g, lr, beta: (
                        theta - lr * v, beta * v + g))),
            Mistake("nesterov",
                    _("this is Nesterov's run: the heavy ball steps by v alone."),
                    lambda *a: _run(*a, nesterov_step)),
            Mistake("gradient-at-the-start",
                    _("the gradient is always that of the start: take it anew in each "
                      "iteration."),
                    _fixed_gradient),
            Mistake("uphill", _("this goes uphill: subtract lr * v."),
                    lambda *a: _run(*a, lambda theta, v, g, lr, beta: (
                        theta + lr * (beta * v + g), beta * v + g))),
            Mistake("no-friction",
                    _("beta is missing: without friction the velocity only grows."),
                    lambda *a: _run(*a, lambda theta, v, g, lr, beta: (
                        theta - lr * (v + g), v + g))),
            Mistake("start-left-out",
                    _("the start is missing: it is the first of steps + 1 points."),
                    lambda *a: momentum_history(*a)[1:]),
            Mistake("last-left-out",
                    _("the last point is missing: write down theta after the update too."),
                    lambda *a: momentum_history(*a)[:-1]),
            Mistake("last-alone",
                    _("this is the last point alone: return all of them."),
                    lambda *a: momentum_history(*a)[-1]),
            Mistake("history-rewritten",
                    _("all points of the history are the last one, for -= changes the one array "
                      "that they all are: write theta = theta - lr * v."),
                    _run_in_place,
                    lambda gradient, theta, *a: _run_in_place(gradient, theta.copy(), *a)),
        )),
)
