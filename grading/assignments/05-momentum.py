"""What is asked in 05: Momentum with damping, Nesterov as a look ahead, speed and settings."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def damped_step(theta, v, g, lr, beta, damping):
    """One step of Momentum with damping: the new theta and the new velocity.

    theta, v, g: arrays (P,). v fades by beta, and 1 - damping of the gradient g is added; then
    theta moves against the new v, at the rate lr. The arrays given are left as they are.
    """
    v = beta * v + (1 - damping) * g
    return theta - lr * v, v


def lookahead_run(gradient, theta, lr, beta, steps):
    """Nesterov's method as a look ahead: the start and theta after each step, (steps + 1, P).

    gradient(theta) returns an array of theta's shape (P,). v is the step itself, with the rate in
    it, and starts at 0; the gradient is taken where beta * v alone would lead.
    """
    history, v = [theta], np.zeros(len(theta))
    for step in range(steps):
        v = beta * v - lr * gradient(theta + beta * v)
        theta = theta + v
        history.append(theta)
    return np.array(history)


def convergence_factor(curvatures, lr, beta):
    """By which factor the heavy ball changes the error in an iteration, in the long run.

    curvatures: of a quadratic loss, one for each direction, (P,). For each of them it is the size
    of the larger root x of x**2 - (1 + beta - lr * curvature) * x + beta = 0, which can be complex;
    the slowest direction counts. One number.
    """
    return max(np.abs(np.roots([1, -(1 + beta - lr * curvature), beta])).max()
               for curvature in curvatures)


def best_settings(curvatures):
    """The rate and the beta with which the heavy ball is fastest, in this order.

    curvatures: positive, (P,), in any order, of a quadratic loss.
    """
    low, high = min(curvatures)**0.5, max(curvatures)**0.5
    return 4 / (low + high)**2, ((high - low) / (high + low))**2


def _steps(rng):
    """(theta, v, g, lr, beta, damping): from rest and on the way."""
    return [(*rng.normal(0, 2, (3, p)) * np.array([[1], [moving], [1]]), rng.uniform(0.05, 0.3),
             rng.uniform(0.6, 0.95), rng.uniform(0.1, 0.5))
            for p, moving in ((2, 0), (2, 1), (3, 1), (4, 1), (3, 1))]


def _runs(rng):
    """(gradient, theta, lr, beta, steps) on losses that are no parabolas."""
    cases = []
    for p, steps in ((1, 2), (2, 3), (2, 5), (3, 6), (3, 4)):
        a, b = rng.uniform(1, 4, p), rng.normal(size=p)

        def gradient(theta, a=a, b=b):
            return a * theta + np.roll(theta, 1) * b + 0.2 * theta**3
        gradient.__doc__ = _("the gradient of a loss that is no parabola")
        cases.append((gradient, rng.uniform(1, 2, p), rng.uniform(0.03, 0.1),
                      rng.uniform(0.6, 0.95), steps))
    return cases


def _spectra(rng):
    """(curvatures, lr, beta): the flattest direction is slowest, the steepest, all alike, unstable.

    In the first two the roots of the slowest direction are real.
    """
    cases = []
    for p, beta, slowest in ((3, (0.2, 0.5), "flat"), (2, (0.1, 0.3), "steep"), (4, (0.8, 0.9), ""),
                             (2, (0.5, 0.8), "unstable"), (5, (0.3, 0.5), "flat")):
        curvatures = rng.permutation(np.append(rng.uniform(1, 4, p - 2), rng.uniform((0.05, 5),
                                                                                     (0.1, 9))))
        beta = rng.uniform(*beta)
        edge = 2 * (1 + beta) / curvatures.max()
        lr = edge * {"flat": 0.3, "steep": 0.97, "": 0.6, "unstable": 1.1}[slowest]
        cases.append((curvatures, lr, beta))
    return cases


def _valleys(rng):
    return [(rng.permutation(rng.uniform(low, high, p)),)
            for p, low, high in ((2, 1, 9), (3, 0.01, 4), (4, 2, 50), (6, 0.5, 400), (3, 0.1, 1))]


def _step(theta, v, g, lr, beta, damping, new=lambda v, g, beta, damping: (
        beta * v + (1 - damping) * g), move=lambda v, old, g, beta: v):
    """The solution with another new velocity, or another step: theta - lr * move."""
    fresh = new(v, g, beta, damping)
    return theta - lr * move(fresh, v, g, beta), fresh


def _in_place(theta, v, g, lr, beta, damping):
    v *= beta
    v += (1 - damping) * g
    theta -= lr * v
    return theta, v


def _look(gradient, theta, lr, beta, steps, at=lambda theta, v, beta: theta + beta * v,
          new=lambda v, g, lr, beta: beta * v - lr * g, keep=True):
    """The solution with another place for the gradient or another velocity."""
    history, v = [theta], np.zeros(len(theta))
    for k in range(steps):
        v = new(v if keep else 0 * v, gradient(at(theta, v, beta)), lr, beta)
        theta = theta + v
        history.append(theta)
    return np.array(history)


def _course_form(gradient, theta, lr, beta, steps):
    history, v = [theta], np.zeros(len(theta))
    for k in range(steps):
        g = gradient(theta)
        v = beta * v + g
        theta = theta - lr * (g + beta * v)
        history.append(theta)
    return np.array(history)


def _from_the_lookahead(gradient, theta, lr, beta, steps):
    history, v = [theta], np.zeros(len(theta))
    for k in range(steps):
        ahead = theta + beta * v
        v = beta * v - lr * gradient(ahead)
        theta = ahead + v
        history.append(theta)
    return np.array(history)


def _rate_outside(gradient, theta, lr, beta, steps):
    history, v = [theta], np.zeros(len(theta))
    for k in range(steps):
        v = beta * v + gradient(theta + beta * v)
        theta = theta - lr * v
        history.append(theta)
    return np.array(history)


def _roots(curvatures, lr, beta, size=lambda roots: np.abs(roots).max(),
           middle=lambda lr, beta, c: 1 + beta - lr * c, product=lambda lr, beta, c: beta):
    """The factor of each direction, with another equation or another size of its roots."""
    return [size(np.roots([1, -middle(lr, beta, c), product(lr, beta, c)])) for c in curvatures]


def _ends(curvatures):
    return min(curvatures), max(curvatures)


ITEMS = (
    Item(Exercise(
        damped_step, cases=_steps,
        returns=_("the new theta and the new velocity, in this order"),
        praise=_("damping 0 is the heavy ball, damping = beta the average"),
        mistakes=(
            Mistake("uphill", said("momentum_step", "uphill"),
                    lambda *a: _step(*a, move=lambda v, old, g, beta: -v)),
            Mistake("damping-forgotten",
                    _("damping is missing: 1 - damping of the gradient is added."),
                    lambda *a: _step(*a, new=lambda v, g, beta, damping: beta * v + g)),
            Mistake("damping-for-the-rest",
                    _("damping is the share that is held back: 1 - damping of the gradient is "
                      "added."),
                    lambda *a: _step(*a, new=lambda v, g, beta, damping: beta * v + damping * g)),
            Mistake("damping-on-everything",
                    _("the whole velocity is damped: 1 - damping belongs to the gradient alone."),
                    lambda *a: _step(*a, new=lambda v, g, beta, damping: (
                        (1 - damping) * (beta * v + g)))),
            Mistake("average",
                    _("this averages gradients, (1 - beta) * g: that is so only for damping = "
                      "beta."),
                    lambda *a: _step(*a, new=lambda v, g, beta, damping: (
                        beta * v + (1 - beta) * g))),
            Mistake("rate-inside", said("momentum_step", "rate-inside"),
                    lambda theta, v, g, lr, beta, damping: (
                        theta - (beta * v + lr * (1 - damping) * g),
                        beta * v + lr * (1 - damping) * g),
                    lambda theta, v, g, lr, beta, damping: (
                        theta + (beta * v - lr * (1 - damping) * g),
                        beta * v - lr * (1 - damping) * g)),
            Mistake("old-velocity", said("momentum_step", "old-velocity"),
                    lambda *a: _step(*a, move=lambda v, old, g, beta: old)),
            Mistake("not-kept", said("momentum_step", "not-kept"),
                    lambda *a: (_step(*a)[0], a[1])),
            Mistake("weights-swapped", said("momentum_step", "weights-swapped"),
                    lambda *a: _step(*a, new=lambda v, g, beta, damping: (
                        (1 - damping) * v + beta * g))),
            Mistake("nesterov", said("momentum_step", "nesterov"),
                    lambda *a: _step(*a, move=lambda v, old, g, beta: g + beta * v)),
            Mistake("rate-forgotten", said("momentum_step", "rate-forgotten"),
                    lambda *a: _step(*a[:3], 1, *a[4:])),
            Mistake("pair-swapped", said("momentum_step", "pair-swapped"),
                    lambda *a: _step(*a)[::-1]),
            Mistake("in-place", said("momentum_step", "in-place"), _in_place),
        )),
        points=4, costs={"uphill": 2, "damping-forgotten": 2, "damping-for-the-rest": 1,
                         "damping-on-everything": 2, "average": 2, "rate-inside": 2,
                         "old-velocity": 2, "not-kept": 2, "weights-swapped": 2, "nesterov": 2,
                         "rate-forgotten": 1, "pair-swapped": 1, "in-place": 1}),
    Item(Exercise(
        lookahead_run, cases=_runs,
        returns=_("an array of shape (steps + 1, parameters)"),
        praise=_("the gradient is taken where the velocity is about to lead"),
        mistakes=(
            Mistake("heavy-ball",
                    _("this is the heavy ball: Nesterov takes the gradient at theta + beta * v."),
                    lambda *a: _look(*a, at=lambda theta, v, beta: theta)),
            Mistake("looks-back",
                    _("this looks back: v is the step itself here, so ahead is theta + beta * "
                      "v."),
                    lambda *a: _look(*a, at=lambda theta, v, beta: theta - beta * v)),
            Mistake("looks-too-far",
                    _("this looks ahead by the whole v: it fades on the way, beta * v."),
                    lambda *a: _look(*a, at=lambda theta, v, beta: theta + v)),
            Mistake("from-the-lookahead",
                    _("the step starts from the place looked at, so beta * v is taken twice: "
                      "start it from theta."),
                    _from_the_lookahead),
            Mistake("course-form",
                    _("this is the course's form, which walks along the places looked at: here "
                      "theta itself is asked for."),
                    _course_form),
            Mistake("rate-outside",
                    _("here v sums gradients and lr comes with the step: in this task v is the "
                      "step, beta * v - lr * g, and so the look ahead fits it."),
                    _rate_outside),
            Mistake("average",
                    _("this averages gradients, (1 - beta) * g: here v adds them up."),
                    lambda *a: _look(*a, new=lambda v, g, lr, beta: (
                        beta * v - (1 - beta) * lr * g))),
            Mistake("uphill",
                    _("this goes uphill: lr times the gradient is subtracted."),
                    lambda *a: _look(*a, new=lambda v, g, lr, beta: beta * v + lr * g)),
            Mistake("no-friction", said("momentum_history", "no-friction"),
                    lambda *a: _look(*a, new=lambda v, g, lr, beta: v - lr * g)),
            Mistake("velocity-forgotten", said("momentum_history", "velocity-forgotten"),
                    lambda *a: _look(*a, keep=False, at=lambda theta, v, beta: theta)),
            Mistake("gradient-at-the-start", said("momentum_history", "gradient-at-the-start"),
                    lambda gradient, theta, *a: _look(lambda there: gradient(theta), theta, *a)),
            Mistake("start-left-out", said("momentum_history", "start-left-out"),
                    lambda *a: _look(*a)[1:]),
            Mistake("last-left-out", said("momentum_history", "last-left-out"),
                    lambda *a: _look(*a)[:-1]),
            Mistake("last-alone", said("momentum_history", "last-alone"),
                    lambda *a: _look(*a)[-1]),
            Mistake("history-rewritten",
                    _("all points of the history are the last one, for += changes the one array "
                      "that they all are: write theta = theta + v."),
                    lambda *a: np.tile(_look(*a)[-1], (a[-1] + 1, 1))),
        )),
        points=5, costs={"heavy-ball": 3, "looks-back": 2, "looks-too-far": 2,
                         "from-the-lookahead": 2, "course-form": 2, "rate-outside": 2, "average": 2,
                         "uphill": 3, "no-friction": 3, "velocity-forgotten": 4,
                         "gradient-at-the-start": 4, "start-left-out": 1, "last-left-out": 1,
                         "last-alone": 2, "history-rewritten": 2}),
    Item(Exercise(
        convergence_factor, cases=_spectra,
        returns=_("one number"),
        praise=_("below 1 it converges, and the slowest direction decides"),
        mistakes=(
            Mistake("gradient-descent",
                    _("this is gradient descent's factor, |1 - lr * curvature|: with a velocity "
                      "there are two roots."),
                    lambda c, lr, beta: np.abs(1 - lr * c).max()),
            Mistake("fastest-direction",
                    _("this is the fastest direction: the error that lasts is that of the "
                      "slowest one."),
                    lambda *a: min(_roots(*a))),
            Mistake("averaged",
                    _("this is a mean over the directions: the slowest one decides in the long "
                      "run."),
                    lambda *a: np.mean(_roots(*a))),
            Mistake("all-directions",
                    _("these are the factors of all directions: return the largest."),
                    lambda *a: np.array(_roots(*a))),
            Mistake("smaller-root",
                    _("this takes the smaller root: the larger one lasts."),
                    lambda *a: max(_roots(*a, size=lambda roots: np.abs(roots).min()))),
            Mistake("real-part",
                    _("this takes the real part of complex roots: their size is the absolute "
                      "value, np.abs."),
                    lambda *a: max(_roots(*a, size=lambda roots: np.real(roots).max())),
                    lambda *a: max(_roots(*a, size=lambda roots: np.abs(np.real(roots)).max()))),
            Mistake("sign-of-beta",
                    _("the last number of the equation is +beta: it is what is left of the step "
                      "before."),
                    lambda *a: max(_roots(*a, product=lambda lr, beta, c: -beta))),
            Mistake("beta-forgotten",
                    _("beta is missing in the middle: 1 + beta - lr * curvature."),
                    lambda *a: max(_roots(*a, middle=lambda lr, beta, c: 1 - lr * c))),
            Mistake("nesterov",
                    _("this is Nesterov's equation: the heavy ball's gradient is taken at "
                      "theta."),
                    lambda *a: max(_roots(*a, middle=lambda lr, beta, c: (1 + beta) * (1 - lr * c),
                                          product=lambda lr, beta, c: beta * (1 - lr * c)))),
            Mistake("root-of-beta",
                    _("√beta is the size of complex roots: where they are real, the larger one "
                      "is larger."),
                    lambda c, lr, beta: beta**0.5),
        )),
        points=4, costs={"gradient-descent": 3, "fastest-direction": 1, "averaged": 2,
                         "all-directions": 1, "smaller-root": 2, "real-part": 2, "sign-of-beta": 2,
                         "beta-forgotten": 2, "nesterov": 2, "root-of-beta": 2}),
    Item(Exercise(
        best_settings, cases=_valleys,
        returns=_("the rate and beta, in this order"),
        praise=_("the flattest and the steepest direction are then equally fast"),
        mistakes=(
            Mistake("gradient-descent",
                    _("2/(λ + μ) is gradient descent's best rate: the heavy ball's has roots, "
                      "4/(√λ + √μ)²."),
                    lambda c: (2 / sum(_ends(c)), best_settings(c)[1])),
            Mistake("root-forgotten",
                    _("the roots are missing: √λ and √μ, or √κ."),
                    lambda c: (4 / sum(_ends(c))**2,
                               ((max(c) - min(c)) / (max(c) + min(c)))**2),
                    lambda c: (best_settings(c)[0], ((max(c) - min(c)) / (max(c) + min(c)))**2)),
            Mistake("factor-for-beta",
                    _("this is the factor of an iteration, √beta: beta is its square."),
                    lambda c: (best_settings(c)[0], best_settings(c)[1]**0.5)),
            Mistake("square-forgotten",
                    _("the sum of the roots is to be squared in the rate: 4/(√λ + √μ)²."),
                    lambda c: (4 / (max(c)**0.5 + min(c)**0.5), best_settings(c)[1])),
            Mistake("two-for-four",
                    _("this is half the rate: 4 stands above the line."),
                    lambda c: (best_settings(c)[0] / 2, best_settings(c)[1])),
            Mistake("first-and-last",
                    _("this takes the first and the last curvature: take the smallest and the "
                      "largest."),
                    lambda c: best_settings(c[[0, -1]])),
            Mistake("pair-swapped",
                    _("the two are in the wrong order: the rate comes first."),
                    lambda c: best_settings(c)[::-1]),
        )),
        points=3, costs={"gradient-descent": 1, "root-forgotten": 2, "factor-for-beta": 1,
                         "square-forgotten": 1, "two-for-four": 1, "first-and-last": 1,
                         "pair-swapped": 1}),
)

QUESTIONS = (
    Question("fair-race", 3, """
1 point: what is wrong. At one lr and beta = 0.9 the heavy ball walks at the effective rate
lr/(1 - beta) = 10 lr in the long run. Ten times fewer iterations is what a ten times larger rate
would have given gradient descent as well (as long as it is stable).

1 point: a fair comparison. Each method at its own best rate (tuned on its own grid, the best inside
the grid, on other seeds than those reported); matched rates lr (1 - beta) show what the memory does
by itself. One of the two, with its reason.

1 point: what to expect. On a quadratic with a large κ about √κ times fewer iterations, if rate and
beta are chosen well; with beta fixed at 0.9 no iteration shrinks the error by more than √0.9, so
where κ is small (below about 38) Momentum loses. Either half, with the reason, is enough.
"""),
)
