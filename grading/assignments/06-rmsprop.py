"""What is asked in 06: RMSProp with eps under the root, its first steps, centred, and its limit."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def inside_step(theta, s, g, lr, rho, eps):
    """One step of RMSProp with eps under the root: the new theta and the new s.

    theta, s, g: arrays (P,); s is the running mean of the squared gradients. The arrays given are
    left as they are.
    """
    s = rho * s + (1 - rho) * g**2
    return theta - lr * g / np.sqrt(s + eps), s


def first_steps(lr, rho, n):
    """The lengths of the first n steps of RMSProp from s = 0, if the gradient never changes.

    The gradient is not 0, and eps is left out. An array (n,), the first step first.
    """
    k = np.arange(1, n + 1)
    return lr / np.sqrt(1 - rho**k)


def centered_step(theta, s, m, g, lr, rho, eps):
    """One step of centred RMSProp: the new theta, the new s and the new m, in this order.

    theta, s, m, g: arrays (P,). s is the running mean of the squared gradients, m that of the
    gradients; s - m**2 + eps is under the root. The arrays given are left as they are.
    """
    s = rho * s + (1 - rho) * g**2
    m = rho * m + (1 - rho) * g
    return theta - lr * g / np.sqrt(s - m**2 + eps), s, m


def rate_limit(hessian, s, eps):
    """The largest rate at which theta - lr * g / (s + eps)**0.5 is stable, with s held fixed.

    The loss is quadratic with this Hessian (P, P), symmetric, its eigenvalues positive; s is (P,).
    One number.
    """
    scale = (s + eps)**-0.25
    return 2 / np.linalg.eigvalsh(scale[:, None] * hessian * scale).max()


def _moving(rng):
    """(theta, s, g, lr, rho, eps): from s = 0 and on the way, with an eps that can be seen."""
    return [(rng.normal(size=p), rng.uniform(0.5, 4, p) * moving, rng.uniform(0.3, 3, p)
             * rng.choice((-1, 1), p), rng.uniform(0.05, 0.3), rng.uniform(0.6, 0.95),
             rng.uniform(0.05, 0.5)) for p, moving in ((2, 0), (2, 1), (3, 1), (4, 1), (3, 1))]


def _centring(rng):
    """(theta, s, m, g, lr, rho, eps): s is large enough for whatever is subtracted."""
    return [(theta, s + 12 * (m != 0).any(), m, g, lr, rho, eps)
            for (theta, s, g, lr, rho, eps), moving in zip(_moving(rng), (0, 1, 1, 1, 1))
            for m in [moving * rng.uniform(0.5, 2, len(theta)) * np.sign(g)]]


def _openings(rng):
    return [(rng.uniform(0.01, 0.5), rng.uniform(*ends), n)
            for n, ends in ((1, (0.8, 0.9)), (3, (0.5, 0.9)), (4, (0.9, 0.99)), (6, (0.2, 0.6)),
                            (10, (0.9, 0.95)))]


def _quadratics(rng):
    """(hessian, s, eps): valleys across the axes, and gradients of unlike size."""
    cases = []
    for p in (2, 3, 3, 4, 5):
        q = np.linalg.qr(rng.normal(size=(p, p)))[0]
        hessian = q * rng.uniform((0.2,) * (p - 1) + (8,), (3,) * (p - 1) + (20,)) @ q.T
        cases.append((hessian, rng.uniform(0.1, 3, p)**2, rng.uniform(0.05, 0.3)))
    return cases


def _step(theta, s, g, lr, rho, eps, new=lambda s, g, rho: rho * s + (1 - rho) * g**2,
          move=lambda g, s, eps: g / np.sqrt(s + eps)):
    """The solution with other parts."""
    s = new(s, g, rho)
    return theta - lr * move(g, s, eps), s


def _in_place(theta, s, g, lr, rho, eps):
    s *= rho
    s += (1 - rho) * g**2
    theta -= lr * g / np.sqrt(s + eps)
    return theta, s


def _centered(theta, s, m, g, lr, rho, eps, root=lambda s, m, eps: np.sqrt(s - m**2 + eps),
              above=lambda g, m: g, squares=lambda s, g, rho: rho * s + (1 - rho) * g**2,
              means=lambda m, g, rho: rho * m + (1 - rho) * g):
    """The solution with other parts."""
    s, m = squares(s, g, rho), means(m, g, rho)
    return theta - lr * above(g, m) / root(s, m, eps), s, m


def _spread_around_the_mean(theta, s, m, g, lr, rho, eps):
    m = rho * m + (1 - rho) * g
    s = rho * s + (1 - rho) * (g - m)**2
    return theta - lr * g / np.sqrt(s + eps), s, m


def _centered_in_place(theta, s, m, g, lr, rho, eps):
    s *= rho
    s += (1 - rho) * g**2
    m *= rho
    m += (1 - rho) * g
    theta -= lr * g / np.sqrt(s - m**2 + eps)
    return theta, s, m


def _limit(hessian, scale):
    """2 / λ of the matrix with rows and columns divided by scale's root each."""
    return 2 / np.linalg.eigvalsh(hessian / np.sqrt(np.outer(scale, scale))).max()


MEMORY = {"square-forgotten": 2, "sum": 2, "weights-swapped": 1, "one-average-for-all": 2}

ITEMS = (
    Item(Exercise(
        inside_step, cases=_moving,
        returns=_("the new theta and the new s, in this order"),
        praise=_("under the root eps bounds the rate by lr/√eps"),
        mistakes=(
            Mistake("eps-outside",
                    _("eps stands outside the root, as in the course's own step: this task puts "
                      "it under the root."),
                    lambda *a: _step(*a, move=lambda g, s, eps: g / (np.sqrt(s) + eps))),
            Mistake("eps-forgotten", said("rmsprop_step", "eps-forgotten"),
                    lambda *a: _step(*a, move=lambda g, s, eps: g / np.sqrt(s))),
            Mistake("eps-in-s", said("repaired_rmsprop", "eps-in-s"),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * g**2 + a[-1],
                                     move=lambda g, s, eps: g / np.sqrt(s))),
            Mistake("root-forgotten", said("rmsprop_step", "root-forgotten"),
                    lambda *a: _step(*a, move=lambda g, s, eps: g / (s + eps))),
            Mistake("square-forgotten", said("rmsprop_step", "square-forgotten"),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * g),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * np.abs(g))),
            Mistake("sum", said("rmsprop_step", "sum"),
                    lambda *a: _step(*a, new=lambda s, g, rho: s + g**2),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + g**2)),
            Mistake("weights-swapped", said("rmsprop_step", "weights-swapped"),
                    lambda *a: _step(*a, new=lambda s, g, rho: (1 - rho) * s + rho * g**2)),
            Mistake("old-average", said("rmsprop_step", "old-average"),
                    lambda theta, s, g, lr, rho, eps: (
                        theta - lr * g / np.sqrt(s + eps), inside_step(theta, s, g, lr, rho,
                                                                       eps)[1])),
            Mistake("not-kept", said("rmsprop_step", "not-kept"),
                    lambda *a: (inside_step(*a)[0], a[1])),
            Mistake("uphill", said("rmsprop_step", "uphill"),
                    lambda *a: _step(*a, move=lambda g, s, eps: -g / np.sqrt(s + eps))),
            Mistake("gradient-squared", said("rmsprop_step", "gradient-squared"),
                    lambda *a: _step(*a, move=lambda g, s, eps: g**2 / np.sqrt(s + eps))),
            Mistake("one-average-for-all", said("rmsprop_step", "one-average-for-all"),
                    lambda *a: _step(*a, new=lambda s, g, rho: (
                        rho * s + (1 - rho) * np.mean(g**2))),
                    lambda *a: _step(*a, new=lambda s, g, rho: rho * s + (1 - rho) * np.sum(g**2))),
            Mistake("pair-swapped", said("rmsprop_step", "pair-swapped"),
                    lambda *a: inside_step(*a)[::-1]),
            Mistake("in-place", said("rmsprop_step", "in-place"), _in_place),
        )),
        points=4, costs=MEMORY | {"eps-outside": 1, "eps-forgotten": 1, "eps-in-s": 2,
                                  "root-forgotten": 2, "old-average": 2, "not-kept": 2, "uphill": 2,
                                  "gradient-squared": 2, "pair-swapped": 1, "in-place": 1}),
    Item(Exercise(
        first_steps, cases=_openings,
        returns=_("an array with one length for each step"),
        praise=_("the size of the gradient is gone, and the first step is the longest"),
        mistakes=(
            Mistake("corrected",
                    _("all steps have length lr only with bias correction, and RMSProp has none: "
                      "s starts at 0, and is too small at first."),
                    lambda lr, rho, n: np.full(n, lr)),
            Mistake("bound",
                    _("this is the bound for every step: the first reaches it, the later ones "
                      "are shorter."),
                    lambda lr, rho, n: np.full(n, lr / (1 - rho)**0.5)),
            Mistake("root-forgotten",
                    _("the root is missing: s is (1 - rho**k) g², and its root is divided by."),
                    lambda lr, rho, n: lr / (1 - rho**np.arange(1, n + 1))),
            Mistake("t-from-0",
                    _("the first step has one gradient in s: k counts from 1, or it is divided "
                      "by 0."),
                    lambda lr, rho, n: lr / np.sqrt(1 - rho**np.arange(n))),
            Mistake("one-too-many",
                    _("k already counts this gradient: rho**k, not rho**(k + 1)."),
                    lambda lr, rho, n: lr / np.sqrt(1 - rho**np.arange(2, n + 2))),
            Mistake("multiplied",
                    _("this multiplies by the root: divide, s is too small and the steps are too "
                      "long."),
                    lambda lr, rho, n: lr * np.sqrt(1 - rho**np.arange(1, n + 1))),
            Mistake("power-of-the-rest",
                    _("the power belongs to rho alone: 1 - rho**k, not (1 - rho)**k."),
                    lambda lr, rho, n: lr / np.sqrt((1 - rho)**np.arange(1, n + 1))),
            Mistake("added-up",
                    _("these are the ways after each step: return each step's own length."),
                    lambda lr, rho, n: np.cumsum(first_steps(lr, rho, n))),
            Mistake("last-alone",
                    _("this is the last step alone: return all of them."),
                    lambda lr, rho, n: first_steps(lr, rho, n)[-1]),
            Mistake("sum",
                    _("this adds up the squares for ever, as AdaGrad does: RMSProp's mean "
                      "forgets."),
                    lambda lr, rho, n: lr / np.sqrt(np.arange(1, n + 1))),
        )),
        points=3, costs={"corrected": 2, "bound": 2, "root-forgotten": 1, "t-from-0": 1,
                         "one-too-many": 1, "multiplied": 1, "power-of-the-rest": 2, "added-up": 1,
                         "last-alone": 1, "sum": 2}),
    Item(Exercise(
        centered_step, cases=_centring,
        returns=_("the new theta, the new s and the new m, in this order"),
        praise=_("what steadies the gradient makes the step longer"),
        mistakes=(
            Mistake("not-centred",
                    _("m is not used: the root is that of s - m**2 + eps."),
                    lambda *a: _centered(*a, root=lambda s, m, eps: np.sqrt(s + eps))),
            Mistake("mean-not-squared",
                    _("m is subtracted without its square: s - m**2 is the variance."),
                    lambda *a: _centered(*a, root=lambda s, m, eps: np.sqrt(s - m + eps)),
                    lambda *a: _centered(*a, root=lambda s, m, eps: np.sqrt(s - np.abs(m) + eps))),
            Mistake("mean-added",
                    _("m**2 is added: the variance is s - m**2."),
                    lambda *a: _centered(*a, root=lambda s, m, eps: np.sqrt(s + m**2 + eps))),
            Mistake("old-mean",
                    _("the step takes the old m: update it first, as s."),
                    lambda theta, s, m, *a: (_centered(
                        theta, s, m, *a, root=lambda s, new, eps: np.sqrt(s - m**2 + eps))[0],
                        *_centered(theta, s, m, *a)[1:])),
            Mistake("gradient-centred",
                    _("m is subtracted from the gradient in the step: only the root is centred, "
                      "above the line stands g."),
                    lambda *a: _centered(*a, above=lambda g, m: g - m)),
            Mistake("momentum",
                    _("m stands above the line, as in Adam: here it is g."),
                    lambda *a: _centered(*a, above=lambda g, m: m)),
            Mistake("spread-around-the-mean",
                    _("s averages the squared distances to m here: it averages g**2, and m**2 is "
                      "subtracted under the root."),
                    _spread_around_the_mean),
            Mistake("variance-kept",
                    _("the variance comes back as s, and m**2 would be subtracted again: return "
                      "s as it was before."),
                    lambda *a: (lambda theta, s, m: (theta, s - m**2, m))(*_centered(*a))),
            Mistake("not-kept",
                    _("what comes back is the old memory: return the new s and m."),
                    lambda *a: (_centered(*a)[0], a[1], a[2]),
                    lambda *a: (*_centered(*a)[:2], a[2]),
                    lambda *a: (_centered(*a)[0], a[1], _centered(*a)[2])),
            Mistake("sum", said("rmsprop_step", "sum"),
                    lambda *a: _centered(*a, squares=lambda s, g, rho: rho * s + g**2),
                    lambda *a: _centered(*a, squares=lambda s, g, rho: s + g**2)),
            Mistake("mean-summed",
                    _("m adds gradients up, like the heavy ball: here it averages, (1 - rho) * "
                      "g."),
                    lambda *a: _centered(*a, means=lambda m, g, rho: rho * m + g)),
            Mistake("root-forgotten", said("rmsprop_step", "root-forgotten"),
                    lambda *a: _centered(*a, root=lambda s, m, eps: s - m**2 + eps)),
            Mistake("eps-outside",
                    _("eps stands outside the root, as in the course's own step: this task puts "
                      "it under the root."),
                    lambda *a: _centered(*a, root=lambda s, m, eps: np.sqrt(s - m**2) + eps)),
            Mistake("uphill", said("rmsprop_step", "uphill"),
                    lambda *a: _centered(*a, above=lambda g, m: -g)),
            Mistake("order-swapped",
                    _("the three are in the wrong order: theta, then s, then m."),
                    lambda *a: _centered(*a)[::-1],
                    lambda *a: (lambda theta, s, m: (theta, m, s))(*_centered(*a))),
            Mistake("in-place", said("rmsprop_step", "in-place"), _centered_in_place),
        )),
        points=5, costs={"not-centred": 3, "mean-not-squared": 2, "mean-added": 2, "old-mean": 1,
                         "gradient-centred": 2, "momentum": 3, "spread-around-the-mean": 2,
                         "variance-kept": 2, "not-kept": 2, "sum": 2, "mean-summed": 2,
                         "root-forgotten": 2, "eps-outside": 1, "uphill": 3, "order-swapped": 1,
                         "in-place": 1}),
    Item(Exercise(
        rate_limit, cases=_quadratics,
        returns=_("one number"),
        praise=_("what counts is the curvature after every parameter has been rescaled"),
        mistakes=(
            Mistake("not-rescaled",
                    _("this is gradient descent's limit, 2/λ of the Hessian itself: the steps "
                      "are divided by the roots of s + eps."),
                    lambda hessian, s, eps: _limit(hessian, np.ones(len(s)))),
            Mistake("root-forgotten",
                    _("the root is missing: steps are divided by √(s + eps)."),
                    lambda hessian, s, eps: _limit(hessian, s + eps)),
            Mistake("one-over", said("largest_stable_rate", "one-over"),
                    lambda hessian, s, eps: _limit(hessian, np.sqrt(s + eps)) / 2),
            Mistake("smallest", said("largest_stable_rate", "smallest"),
                    lambda hessian, s, eps: 2 / np.linalg.eigvals(
                        hessian / np.sqrt(s + eps)[:, None]).real.min()),
            Mistake("one-triangle",
                    _("eigvalsh reads one triangle and takes the matrix for symmetric, which it "
                      "is not after its rows were divided: use eigvals, or divide rows and "
                      "columns by the fourth root."),
                    lambda hessian, s, eps: 2 / np.linalg.eigvalsh(
                        hessian / np.sqrt(s + eps)[:, None]).max(),
                    lambda hessian, s, eps: 2 / np.linalg.eigvalsh(
                        hessian / np.sqrt(s + eps)).max()),
            Mistake("multiplied",
                    _("the Hessian is multiplied by the roots: divide, as the steps are."),
                    lambda hessian, s, eps: _limit(hessian, 1 / np.sqrt(s + eps))),
            Mistake("eps-outside",
                    _("eps stands outside the root, as in the course's own step: this task puts "
                      "it under the root."),
                    lambda hessian, s, eps: _limit(hessian, np.sqrt(s) + eps)),
            Mistake("eps-forgotten",
                    _("eps is missing: √(s + eps)."),
                    lambda hessian, s, eps: _limit(hessian, np.sqrt(s))),
            Mistake("diagonal",
                    _("the diagonal alone is rescaled here, but the valley lies across the axes: "
                      "take the eigenvalues of the whole matrix."),
                    lambda hessian, s, eps: 2 / (np.diag(hessian) / np.sqrt(s + eps)).max()),
            Mistake("eigenvalue", said("largest_stable_rate", "eigenvalue"),
                    lambda hessian, s, eps: 2 / _limit(hessian, np.sqrt(s + eps))),
        )),
        points=4, costs={"not-rescaled": 3, "root-forgotten": 2, "one-over": 1, "smallest": 2,
                         "one-triangle": 1, "multiplied": 2, "eps-outside": 1, "eps-forgotten": 1,
                         "diagonal": 2, "eigenvalue": 1}),
)

QUESTIONS = (
    Question("turned-valley", 3, """
1 point: along the axes. Each parameter is divided by the root of its own mean square. Where the
steep and the flat direction are parameters of their own, this evens their scales out: the rescaled
Hessian is nearly round, and κ hardly counts.

1 point: turned by 45 degrees. Both parameters now see a mixture of the two directions and so have
gradients of about the same size; dividing both by about the same number changes nothing, κ stays
what it was. Two rates can stretch along the axes only, never across. (rate_limit or condition
numbers computed for the two cases count as well.)

1 point: what to do. Something that gathers speed along a direction that is no axis: a memory of the
gradients (Momentum, so Adam); or turning the coordinates back (whitening, second-order methods). A
smaller rate or a larger rho is no answer.
"""),
)
