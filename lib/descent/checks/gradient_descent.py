"""Exercises on the gradient, the step, the loop and the largest stable rate."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake


def mse_gradient(theta, x, y):
    """Gradient of the mean squared error of the predictions x @ theta."""
    error = x @ theta - y
    return 2 / len(y) * x.T @ error


def gradient_step(theta, g, lr):
    """Where one step of gradient descent leads, as a new array."""
    return theta - lr * g


def descent_history(gradient, theta, lr, steps):
    """The start and the point after each step, in shape (steps + 1, parameters)."""
    history = [theta]
    for step in range(steps):
        theta = theta - lr * gradient(theta)  # a new array: the points in history stay
        history.append(theta)
    return np.array(history)


def largest_stable_rate(x):
    """The limit 2/λ for the mean squared error of linear regression on x."""
    hessian = 2 / len(x) * x.T @ x
    return 2 / np.linalg.eigvalsh(hessian).max()


def numerical_gradient(loss, theta, h):
    """Central differences: each parameter moved by h both ways, the others left alone."""
    g = np.zeros(len(theta))
    for i in range(len(theta)):
        move = np.zeros(len(theta))
        move[i] = h
        g[i] = (loss(theta + move) - loss(theta - move)) / (2 * h)
    return g


def _regressions(rng):
    """Inputs with one example a row, targets and weights, nothing zero, no square shapes."""
    return [(rng.integers(1, 4, p) + 0.5, rng.integers(-3, 4, (n, p)) + 0.5,
             rng.integers(2, 9, n) * 1.0) for n, p in ((3, 2), (5, 1), (6, 3))]


def _bowl(theta):
    """(4θ₀ + θ₁ - 2, θ₀ + 2θ₁ + 1)"""
    return np.array([4 * theta[0] + theta[1] - 2, theta[0] + 2 * theta[1] + 1])


def _valley(theta):
    """(θ₀ + θ₁θ₂, 3θ₁ + θ₀θ₂, 2θ₂ + θ₀θ₁)"""
    a, b, c = theta
    return np.array([a + b * c, 3 * b + a * c, 2 * c + a * b])


def _cubic(theta):
    """θ₀³ + 2θ₀θ₁ + θ₁²"""
    return theta[0]**3 + 2 * theta[0] * theta[1] + theta[1]**2


def _product(theta):
    """θ₀²θ₁ + θ₁³θ₂ + 2θ₂³"""
    return theta[0]**2 * theta[1] + theta[1]**3 * theta[2] + 2 * theta[2]**3


def _overwritten(theta, g, lr):
    theta[:] = theta - lr * g
    return theta


def _loop(gradient, theta, lr, steps, step):
    """The solution with something else for a step: step(theta, gradient, lr) -> theta."""
    history = [theta]
    for k in range(steps):
        theta = step(theta, gradient, lr)
        history.append(theta)
    return np.array(history)


def _in_place(gradient, theta, lr, steps):
    history = [theta]
    for k in range(steps):
        theta -= lr * gradient(theta)
        history.append(theta)
    return np.array(history)


def _start_rewritten(gradient, theta, lr, steps):
    history = [theta]
    for k in range(steps):
        theta -= lr * gradient(theta)
        history.append(theta.copy())
    return np.array(history)


def _in_place_stored(gradient, theta, lr, steps):
    history = [theta.copy()]
    for k in range(steps):
        theta -= lr * gradient(theta)
        history.append(theta.copy())
    return np.array(history)


def _stale(gradient, theta, lr, steps):
    history, g = [theta], np.zeros(len(theta))
    for k in range(steps):
        theta = theta - lr * g
        g = gradient(theta)
        history.append(theta)
    return np.array(history)


def _stale_by_one(gradient, theta, lr, steps):
    history, g = [theta], gradient(theta)
    for k in range(steps):
        theta = theta - lr * g
        history.append(theta)
        g = gradient(history[-2])
    return np.array(history)


def _at_the_start(gradient, theta, lr, steps):
    g = gradient(theta)
    return _loop(gradient, theta, lr, steps, lambda theta, gradient, lr: theta - lr * g)


def _whole_numbers(gradient, theta, lr, steps):
    history = np.zeros((steps + 1, len(theta)), dtype=theta.dtype)
    history[0] = theta
    for k in range(steps):
        history[k + 1] = history[k] - lr * gradient(history[k])
    return history


def _whole_history(gradient, theta, lr, steps):
    history = descent_history(gradient, theta, lr, steps)
    return history.astype(theta.dtype)


def _one_by_one(theta, gradient, lr):
    theta = np.array(theta, float)
    for i in range(len(theta)):
        theta[i] -= lr * gradient(theta)[i]
    return theta


def _differences(loss, theta, h, forward=1.0, back=1.0, over=2.0):
    return np.array([(loss(theta + forward * move) - loss(theta - back * move)) / (over * h)
                     for move in h * np.eye(len(theta))])


def _moved_in_place(loss, theta, h):
    g = np.zeros(len(theta))
    for i in range(len(theta)):
        theta[i] += h
        above = loss(theta)
        theta[i] -= 2 * h
        g[i] = (above - loss(theta)) / (2 * h)
    return g


def _moves_add_up(loss, theta, h):
    return _moved_in_place(loss, theta.astype(float), h)


def _whole_move(loss, theta, h):
    g = np.zeros(len(theta))
    for i in range(len(theta)):
        above, below = theta.copy(), theta.copy()
        above[i] += h
        below[i] -= h
        g[i] = (loss(above) - loss(below)) / (2 * h)
    return g


def _whole_move_back(loss, theta, h):
    g = np.zeros(len(theta))
    for i in range(len(theta)):
        theta[i] += h
        above = loss(theta)
        theta[i] -= 2 * h
        g[i] = (above - loss(theta)) / (2 * h)
        theta[i] += h
    return g


def _table(theta, x, y):
    return (x @ theta)[:, None] - y


def _lambda(x):
    return np.linalg.eigvalsh(2 / len(x) * x.T @ x)


EXERCISES = (
    Exercise(
        mse_gradient, cases=_regressions,
        returns=_("an array with one number for each parameter"),
        praise=_("the factor 2, the mean and the sign are all there"),
        mistakes=(
            Mistake("factor-2",
                    _("the factor 2 is missing: the derivative of a square is twice what is "
                      "inside."),
                    lambda theta, x, y: x.T @ (x @ theta - y) / len(y)),
            Mistake("sum",
                    _("this is the gradient of the sum: divide by the number of examples."),
                    lambda theta, x, y: 2 * x.T @ (x @ theta - y)),
            Mistake("sum-and-factor-2",
                    _("two things are missing: the 2 from the square and the 1/N of the mean."),
                    lambda theta, x, y: x.T @ (x @ theta - y)),
            Mistake("wrong-sign",
                    _("the sign is wrong, so descent would climb: the error is prediction minus "
                      "target, x @ theta - y."),
                    lambda theta, x, y: 2 / len(y) * x.T @ (y - x @ theta)),
            Mistake("wrong-sign-and-factor",
                    _("the sign is wrong, and so is the factor: the error is x @ theta - y, and "
                      "2/N stands before it."),
                    lambda theta, x, y: x.T @ (y - x @ theta) / len(y),
                    lambda theta, x, y: 2 * x.T @ (y - x @ theta),
                    lambda theta, x, y: x.T @ (y - x @ theta)),
            Mistake("divided-by-all-numbers",
                    _("x.size counts all the numbers in x: divide by the number of examples, "
                      "len(y)."),
                    lambda theta, x, y: 2 / x.size * x.T @ (x @ theta - y),
                    lambda theta, x, y: np.mean(2 * (x @ theta - y)[:, None] * x)),
            Mistake("broadcast",
                    _("(N, 1) minus (N,) makes an N by N table of all differences: keep "
                      "predictions and targets both in shape (N,)."),
                    lambda theta, x, y: 2 / len(y) * x.T @ _table(theta, x, y),
                    lambda theta, x, y: 2 / len(y) * x.T @ _table(theta, x, y).T,
                    lambda theta, x, y: 2 * np.mean(x.T @ _table(theta, x, y), axis=1),
                    lambda theta, x, y: 2 / len(y) * x.T @ _table(theta, x, y).sum(axis=1),
                    lambda theta, x, y: 2 / len(y) * x.T @ _table(theta, x, y).mean(axis=1),
                    lambda theta, x, y: 2 / len(y) * x.T @ _table(theta, x, y).sum(axis=0),
                    lambda theta, x, y: 2 / len(y) * x.T @ _table(theta, x, y).mean(axis=0)),
            Mistake("column",
                    _("the numbers are right, but in a column: return shape (P,), with ravel()."),
                    lambda theta, x, y: (2 / len(y) * x.T @ (x @ theta - y))[:, None]),
            Mistake("inputs-forgotten",
                    _("the inner derivative is missing: multiply each error by its inputs, x.T @ "
                      "error."),
                    lambda theta, x, y: 2 * np.mean(x @ theta - y),
                    lambda theta, x, y: 2 * np.mean(x @ theta - y) * np.ones(len(theta))),
            Mistake("error-squared",
                    _("this still has the square in it: its derivative has the error itself, "
                      "times 2."),
                    lambda theta, x, y: 2 / len(y) * x.T @ (x @ theta - y)**2,
                    lambda theta, x, y: x.T @ (x @ theta - y)**2 / len(y)),
            Mistake("loss",
                    _("this is the loss: its gradient has one number for each parameter."),
                    lambda theta, x, y: np.mean((x @ theta - y)**2)),
            Mistake("targets-forgotten",
                    _("the targets are missing: subtract y from the predictions."),
                    lambda theta, x, y: 2 / len(y) * x.T @ (x @ theta)),
        )),
    Exercise(
        gradient_step,
        returns=_("the new theta, an array of the same shape"),
        praise=_("it goes downhill and leaves the old theta as it was"),
        cases=lambda rng: [(np.array([2.0, -1.0]), np.array([3.0, 0.5]), 0.1),
                           (rng.normal(size=3), 10 * rng.normal(size=3), 0.03),
                           (np.array([3, -2]), np.array([1.5, -4.0]), 0.25)],
        mistakes=(
            Mistake("uphill", _("this goes uphill: subtract lr * g."),
                    lambda theta, g, lr: theta + lr * g),
            Mistake("in-place",
                    _("-= writes into the caller's array, and fails where it holds whole "
                      "numbers: write theta = theta - lr * g, which makes a new one."),
                    lambda theta, g, lr: theta.__isub__(lr * g),
                    lambda theta, g, lr: np.subtract(theta, lr * g, out=theta, casting="unsafe"),
                    _overwritten),
            Mistake("step-only",
                    _("this is the step alone: return where it leads, theta plus the step."),
                    lambda theta, g, lr: -lr * g, lambda theta, g, lr: lr * g),
            Mistake("rate-forgotten",
                    _("the learning rate is missing: multiply the gradient by lr."),
                    lambda theta, g, lr: theta - g),
            Mistake("rate-is-length",
                    _("the learning rate is not the step's length: leave g as long as it is, a "
                      "steep slope makes a long step."),
                    lambda theta, g, lr: theta - lr * g / np.linalg.norm(g)),
            Mistake("sign-alone",
                    _("only the sign of the gradient is used: multiply lr with g itself."),
                    lambda theta, g, lr: theta - lr * np.sign(g)),
            Mistake("divided-by-rate",
                    _("the gradient is divided by lr: multiply, so that a small rate makes a "
                      "small step."),
                    lambda theta, g, lr: theta - g / lr),
            Mistake("shrunk-theta",
                    _("theta itself is multiplied by lr: only the gradient is."),
                    lambda theta, g, lr: lr * (theta - g)),
            Mistake("multiplied",
                    _("theta is multiplied into the step: subtract lr * g and nothing else."),
                    lambda theta, g, lr: theta - lr * g * theta),
            Mistake("whole-numbers",
                    _("a theta of whole numbers stays whole here, and the step is cut off: let "
                      "the result be float, as theta - lr * g is."),
                    lambda theta, g, lr: (theta - lr * g).astype(theta.dtype),
                    lambda theta, g, lr: np.subtract(theta, lr * g, casting="unsafe",
                                                     out=np.empty_like(theta))),
        )),
    Exercise(
        descent_history,
        returns=_("an array of shape (steps + 1, parameters)"),
        praise=_("the history begins at the start and no later step rewrites it"),
        cases=lambda rng: [(_bowl, np.array([2.0, 1.0]), 0.1, 1),
                           (_bowl, np.array([-1.0, 2.0]), 0.2, 3),
                           (_valley, rng.uniform(0.5, 1, 3), 0.1, 4),
                           (_bowl, np.array([3, -2]), 0.1, 3)],
        mistakes=(
            Mistake("history-rewritten",
                    _("all points of the history are the last one, for -= changes the one array "
                      "that they all are: write theta = theta - lr * g."),
                    _in_place, lambda gradient, theta, lr, steps: _in_place(
                        gradient, theta.copy(), lr, steps),
                    lambda gradient, theta, lr, steps: _in_place(
                        gradient, theta.astype(float), lr, steps)),
            Mistake("start-rewritten",
                    _("the first point has moved along: -= changes the array that is in the "
                      "history already; write theta = theta - lr * g."),
                    _start_rewritten,
                    lambda gradient, theta, lr, steps: _start_rewritten(
                        gradient, theta.astype(float), lr, steps)),
            Mistake("in-place",
                    _("-= moves the caller's own start, and fails where it holds whole numbers: "
                      "write theta = theta - lr * g, which makes a new array."),
                    _in_place_stored),
            Mistake("start-left-out",
                    _("the start is missing: put theta into the history before the first step."),
                    lambda *given: descent_history(*given)[1:]),
            Mistake("end-left-out",
                    _("the last point is missing: store theta after the last step too, steps + 1 "
                      "points in all."),
                    lambda *given: descent_history(*given)[:-1]),
            Mistake("one-step-too-many",
                    _("this takes one step too many: steps steps make steps + 1 points, with the "
                      "start."),
                    lambda gradient, theta, lr, steps: descent_history(
                        gradient, theta, lr, steps + 1)),
            Mistake("last-point-only",
                    _("this is the last point alone: collect all of them, the start first."),
                    lambda *given: descent_history(*given)[-1]),
            Mistake("update-before-gradient",
                    _("the update comes before its gradient: work out the gradient where theta "
                      "stands, then step."),
                    _stale, _stale_by_one),
            Mistake("gradient-at-the-start",
                    _("every step uses the gradient of the start: work it out anew in each step."),
                    _at_the_start),
            Mistake("one-parameter-at-a-time",
                    _("the second parameter's gradient is taken after the first has moved: take "
                      "one gradient, then move all at once."),
                    lambda *given: _loop(*given, step=_one_by_one)),
            Mistake("whole-numbers",
                    _("a start of whole numbers makes a history of whole numbers, and the steps "
                      "are cut off: let the history be float."),
                    _whole_numbers, _whole_history),
            Mistake("uphill", _("this goes uphill: subtract lr times the gradient."),
                    lambda gradient, theta, lr, steps: descent_history(
                        gradient, theta, -lr, steps)),
            Mistake("rate-forgotten",
                    _("the learning rate is missing: multiply the gradient by lr."),
                    lambda gradient, theta, lr, steps: descent_history(gradient, theta, 1, steps)),
            Mistake("wrong-axis",
                    _("time runs along the wrong axis: one row for each point, one column for "
                      "each parameter."),
                    lambda *given: descent_history(*given).T),
        )),
    Exercise(
        largest_stable_rate,
        returns=_("one number"),
        praise=_("a little below it gradient descent converges, a little above it diverges"),
        cases=lambda rng: [(np.array([[1.0, 0.5], [2.0, 1.0], [3.0, -1.0]]),),
                           (rng.normal(1, 1, (7, 3)),), (rng.normal(-1, 2, (12, 2)),)],
        mistakes=(
            Mistake("factor-2",
                    _("this is twice the limit: the Hessian of the mean squared error has a "
                      "factor 2 of its own, (2/N) xᵀx."),
                    lambda x: 2 / (_lambda(x).max() / 2)),
            Mistake("one-over",
                    _("this is 1/λ, where one step hits the bottom: the limit is 2/λ."),
                    lambda x: 1 / _lambda(x).max()),
            Mistake("sum",
                    _("this is the limit for the sum of squares: the mean divides xᵀx by the "
                      "number of examples."),
                    lambda x: 2 / (_lambda(x).max() * len(x)),
                    lambda x: 2 / (_lambda(x).max() * len(x) / 2)),
            Mistake("smallest",
                    _("this is the limit of the flattest direction: the steepest one, the "
                      "largest eigenvalue, diverges first."),
                    lambda x: 2 / _lambda(x).min()),
            Mistake("all-added",
                    _("the eigenvalues are added up: only the largest one sets the limit."),
                    lambda x: 2 / _lambda(x).sum()),
            Mistake("averaged",
                    _("this takes the mean eigenvalue: the largest one sets the limit."),
                    lambda x: 2 / _lambda(x).mean()),
            Mistake("singular-value",
                    _("a singular value of x has to be squared to be an eigenvalue of xᵀx."),
                    lambda x: 2 / (2 / len(x) * np.linalg.norm(x, 2)),
                    lambda x: 2 / np.linalg.norm(x, 2)),
            Mistake("centred",
                    _("the mean of x is subtracted here: use x as it is, the loss does too."),
                    lambda x: 2 / (2 * np.linalg.eigvalsh(np.cov(x.T, bias=True)).max()),
                    lambda x: 2 / (2 * np.linalg.eigvalsh(np.cov(x.T)).max())),
            Mistake("transposed",
                    _("this divides by the number of parameters: divide by the number of "
                      "examples, len(x)."),
                    lambda x: 2 / (_lambda(x).max() * len(x) / x.shape[1])),
            Mistake("eigenvalue",
                    _("this is the largest eigenvalue λ: return 2 divided by it."),
                    lambda x: _lambda(x).max()),
            Mistake("half",
                    _("this is λ/2, upside down: return 2 divided by λ."),
                    lambda x: _lambda(x).max() / 2),
        )),
    Exercise(
        numerical_gradient,
        returns=_("an array with one number for each parameter"),
        praise=_("each parameter moves alone, both ways, and theta is left as it was"),
        cases=lambda rng: [(_cubic, np.array([1.0, 2.0]), 0.1),
                           (_product, rng.uniform(1, 2, 3), 0.01),
                           (_cubic, np.array([2, -3]), 0.1)],
        mistakes=(
            Mistake("forward",
                    _("this looks only ahead: the central difference goes from theta - h to "
                      "theta + h, over 2h."),
                    lambda loss, theta, h: _differences(loss, theta, h, 1, 0, 1)),
            Mistake("backward",
                    _("this looks only back: the central difference goes from theta - h to theta "
                      "+ h, over 2h."),
                    lambda loss, theta, h: _differences(loss, theta, h, 0, 1, 1)),
            Mistake("divided-by-h",
                    _("this is twice the slope: theta - h and theta + h are 2h apart."),
                    lambda loss, theta, h: _differences(loss, theta, h, over=1)),
            Mistake("forward-over-2h",
                    _("this is half the slope: from theta to theta + h it is only h; go to both "
                      "sides instead."),
                    lambda loss, theta, h: _differences(loss, theta, h, 1, 0, 2)),
            Mistake("times-h",
                    _("a slope is a difference divided by a distance: put 2 * h in brackets, / "
                      "(2 * h)."),
                    lambda loss, theta, h: _differences(loss, theta, h) * h * h),
            Mistake("not-divided",
                    _("this is the difference alone: divide it by 2h."),
                    lambda loss, theta, h: _differences(loss, theta, h) * 2 * h),
            Mistake("all-at-once",
                    _("all parameters are moved at once: move one, leave the others, and do so "
                      "for each."),
                    lambda loss, theta, h: (loss(theta + h) - loss(theta - h)) / (2 * h),
                    lambda loss, theta, h: np.full(len(theta),
                                                   (loss(theta + h) - loss(theta - h)) / (2 * h))),
            Mistake("not-put-back",
                    _("a parameter that was moved stays moved while the next one is tried: start "
                      "each from a copy of theta."),
                    _moved_in_place, _moves_add_up),
            Mistake("wrong-sign",
                    _("the sign is wrong: it is the loss at theta + h minus that at theta - h."),
                    lambda loss, theta, h: -_differences(loss, theta, h)),
            Mistake("whole-numbers",
                    _("a theta of whole numbers swallows h: make it float first, "
                      "theta.astype(float)."),
                    _whole_move, _whole_move_back),
        )),
)
