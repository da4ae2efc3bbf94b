"""Exercises on Adam: its correction, its step, AdamW, and a step counter to repair."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake
from .gradient_descent import _bowl


def bias_correct(m, beta, t):
    """The average m after t gradients, freed of the zeros that it started with."""
    return m / (1 - beta**t)


def adam_step(theta, m, v, t, g, lr, beta1, beta2, eps):
    """One step of Adam: the new theta, m, v and t."""
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v, t


def adamw_step(theta, m, v, t, g, lr, lam, beta1, beta2, eps):
    """One step of AdamW: Adam, and beside it the weights decay by lr * lam of themselves."""
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta - lr * lam * theta - lr * step, m, v, t


def repaired_adam_training(gradient, theta, batches, epochs, lr):
    """Theta after these epochs of Adam, whose step counter runs on from epoch to epoch."""
    m, v, t = np.zeros(len(theta)), np.zeros(len(theta)), 0
    for epoch in range(epochs):
        for batch in batches:
            g, t = gradient(theta, batch), t + 1
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            theta = theta - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
    return theta


def _moving(rng):
    """(theta, m, v, t, g, lr, beta1, beta2, eps): from rest, and on the way; eps can be seen."""
    return [(np.array([2.0, -1.0]), np.zeros(2), np.zeros(2), 0, np.array([3.0, -0.5]), 0.1, 0.9,
             0.99, 0.1),
            (np.array([1.0, 0.5]), np.array([0.4, -1.0]), np.array([2.0, 0.5]), 3,
             np.array([-1.0, 2.0]), 0.05, 0.8, 0.95, 0.5),
            (rng.normal(size=3), rng.normal(size=3), rng.uniform(0.5, 2, 3), 7, rng.normal(size=3),
             0.2, 0.9, 0.999, 1e-2)]


def _decaying(rng):
    return [(*case[:6], lam, *case[6:]) for case, lam in zip(_moving(rng), (0.5, 0.1, 0.3))]


def _step(theta, m, v, t, g, lr, beta1, beta2, eps, *, square=lambda g: g**2, corrected=True,
          root=lambda v, eps, c2: np.sqrt(v / c2) + eps, count=1):
    """The solution with other parts."""
    t = t + count
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * square(g)
    c1, c2 = (1 - beta1**t, 1 - beta2**t) if corrected else (1, 1)
    return theta - lr * m / c1 / root(v, eps, c2), m, v, t


def _with(change, *a):
    """The solution's answer, changed: change(answer, arguments) -> answer."""
    return change(adam_step(*a), a)


def _in_place(theta, m, v, t, g, lr, beta1, beta2, eps):
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * g**2
    theta -= lr * m / (1 - beta1**(t + 1)) / (np.sqrt(v / (1 - beta2**(t + 1))) + eps)
    return theta, m, v, t + 1


def _weights(m, v, g, beta1, beta2, new_m, new_v):
    return beta1 * m + new_m * g, beta2 * v + new_v * g**2


def _summed(theta, m, v, t, g, lr, beta1, beta2, eps):
    """Heavy ball and average confused: m adds gradients up."""
    t = t + 1
    m, v = _weights(m, v, g, beta1, beta2, 1, 1 - beta2)
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v, t


def _swapped(theta, m, v, t, g, lr, beta1, beta2, eps):
    return adam_step(theta, m, v, t, g, lr, beta2, beta1, eps)


def _right(average, power):
    return average / (1 - power)


def _not(average, power):
    return average


def _without_brackets(average, power):
    return average / 1 - power


def _corrected(theta, m, v, t, g, lr, beta1, beta2, eps, first, second):
    """The solution with other corrections: first(m, beta1**t) and second(v, beta2**t)."""
    t = t + 1
    m, v = _weights(m, v, g, beta1, beta2, 1 - beta1, 1 - beta2)
    return theta - lr * first(m, beta1**t) / (np.sqrt(second(v, beta2**t)) + eps), m, v, t


def _corrected_kept(theta, m, v, t, g, lr, beta1, beta2, eps):
    theta, m, v, t = adam_step(theta, m, v, t, g, lr, beta1, beta2, eps)
    return theta, m / (1 - beta1**t), v / (1 - beta2**t), t


def _old_averages(theta, m, v, t, g, lr, beta1, beta2, eps):
    new = adam_step(theta, m, v, t, g, lr, beta1, beta2, eps)
    t = t + 1
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), *new[1:]


def _adamw(theta, m, v, t, g, lr, lam, *rest, decay):
    """AdamW with another decay: decay(theta, moved theta, lr, lam) -> theta."""
    moved, *memory = adam_step(theta, m, v, t, g, lr, *rest)
    return decay(theta, moved, lr, lam), *memory


def _l2(theta, m, v, t, g, lr, lam, *rest):
    return adam_step(theta, m, v, t, g + lam * theta, lr, *rest)


def _training(gradient, theta, batches, epochs, lr, *, count=lambda t, epoch, k: t + 1,
              fresh=False, corrected=True):
    """The solution with another counter: count(t, epoch, place in the epoch) -> t."""
    m, v, t = np.zeros(len(theta)), np.zeros(len(theta)), 0
    for epoch in range(epochs):
        if fresh:
            m, v, t = np.zeros(len(theta)), np.zeros(len(theta)), 0
        for k, batch in enumerate(batches):
            t = count(t, epoch, k)
            theta, m, v, _t = _step(theta, m, v, t, gradient(theta, batch), lr, 0.9, 0.999, 1e-8,
                                    corrected=corrected, count=0)
    return theta


def _of_a_batch(theta, batch):
    return _bowl(theta - batch)


_of_a_batch.__doc__ = _("the gradient of a bowl whose minimum the batch moves")


def _trainings(rng):
    return [(_of_a_batch, np.array([2.0, 1.0]), [0.5, -0.5, 0.2], epochs, lr)
            for epochs, lr in ((1, 0.1), (2, 0.1), (4, 0.05))]


FOUR = _("the new theta, m, v and t, in this order")

EXERCISES = (
    Exercise(
        bias_correct,
        returns=_("an array of the shape of m"),
        praise=_("after one gradient it is that gradient, whatever beta"),
        cases=lambda rng: [(np.array([0.3, -0.1]), 0.9, 1), (np.array([2.0, 1.0]), 0.9, 3),
                           (rng.normal(size=3), 0.999, 10), (rng.normal(size=2), 0.5, 2)],
        mistakes=(
            Mistake("not-corrected", _("nothing is corrected yet: divide by 1 - beta**t."),
                    lambda m, beta, t: m),
            Mistake("t-from-0",
                    _("t counts from 1: at the first gradient the divisor is 1 - beta, and with "
                      "t - 1 it would be 0."),
                    lambda m, beta, t: m / (1 - beta**(t - 1))),
            Mistake("one-too-many",
                    _("t already counts this gradient: beta**t, not beta**(t + 1)."),
                    lambda m, beta, t: m / (1 - beta**(t + 1))),
            Mistake("always-the-first",
                    _("this divides by 1 - beta at all times, which is right after the first "
                      "gradient only: beta**t."),
                    lambda m, beta, t: m / (1 - beta)),
            Mistake("multiplied",
                    _("this multiplies: the average started at 0 and is too small, so divide."),
                    lambda m, beta, t: m * (1 - beta**t)),
            Mistake("power-of-the-rest",
                    _("the power belongs to beta alone: 1 - beta**t, not (1 - beta)**t."),
                    lambda m, beta, t: m / (1 - beta)**t),
            Mistake("times-t",
                    _("beta to the power t, not beta times t."),
                    lambda m, beta, t: m / (1 - beta * t)),
            Mistake("brackets",
                    _("brackets are missing: m / 1 - beta**t is not m / (1 - beta**t)."),
                    lambda m, beta, t: m / 1 - beta**t),
            Mistake("what-is-missing",
                    _("beta**t is the share that is missing: divide by the share that is there, "
                      "1 - beta**t."),
                    lambda m, beta, t: m / beta**t, lambda m, beta, t: m / (1 + beta**t)),
        )),
    Exercise(
        adam_step, cases=_moving,
        returns=FOUR,
        praise=_("both averages are corrected, and eps comes after the root"),
        mistakes=(
            Mistake("uphill", _("this goes uphill: subtract the step."),
                    lambda *a: _with(lambda new, a: (2 * a[0] - new[0], *new[1:]), *a)),
            Mistake("square-forgotten",
                    _("v averages the squares of gradients: g**2."),
                    lambda *a: _step(*a, square=lambda g: g), lambda *a: _step(*a, square=np.abs)),
            Mistake("root-forgotten", _("the root is missing: divide by np.sqrt(v_hat) + eps."),
                    lambda *a: _step(*a, root=lambda v, eps, c2: v / c2 + eps)),
            Mistake("not-corrected",
                    _("the bias correction is missing: divide m by 1 - beta1**t and v by "
                      "1 - beta2**t."),
                    lambda *a: _step(*a, corrected=False)),
            Mistake("half-corrected",
                    _("only one of the two averages is corrected: both started at 0."),
                    lambda *a: _corrected(*a, _right, _not),
                    lambda *a: _corrected(*a, _not, _right)),
            Mistake("brackets",
                    _("brackets are missing: m / 1 - beta1**t is not m / (1 - beta1**t)."),
                    lambda *a: _corrected(*a, _without_brackets, _without_brackets),
                    lambda *a: _corrected(*a, _without_brackets, _right),
                    lambda *a: _corrected(*a, _right, _without_brackets)),
            Mistake("eps-inside", _("eps is under the root: in this course it stands outside."),
                    lambda *a: _step(*a, root=lambda v, eps, c2: np.sqrt(v / c2 + eps))),
            Mistake("eps-before-correction",
                    _("eps is added before the correction, so it counts for more at first: "
                      "correct v, take the root, then add eps."),
                    lambda *a: _step(*a, root=lambda v, eps, c2: (np.sqrt(v) + eps) / c2**0.5),
                    lambda *a: _step(*a, root=lambda v, eps, c2: np.sqrt((v + eps) / c2))),
            Mistake("eps-forgotten", _("eps is missing: without it a gradient of 0 is divided by "
                                       "0."),
                    lambda *a: _step(*a, root=lambda v, eps, c2: np.sqrt(v / c2))),
            Mistake("t-from-0",
                    _("t counts this gradient too: add 1 before you correct, or the first step "
                      "is divided by 0."),
                    lambda *a: _with(lambda new, a: (_step(*a, count=0)[0], *new[1:]), *a),
                    lambda *a: _step(*a, count=0)),
            Mistake("t-not-kept",
                    _("the t that comes back is the old one, so the counter never grows: return "
                      "t + 1."),
                    lambda *a: _with(lambda new, a: (*new[:3], a[3]), *a)),
            Mistake("counted-twice", _("t grows by 1 with each gradient."),
                    lambda *a: _step(*a, count=2)),
            Mistake("not-kept",
                    _("what comes back is the old memory: return the new m and v."),
                    lambda *a: _with(lambda new, a: (new[0], a[1], a[2], new[3]), *a),
                    lambda *a: _with(lambda new, a: (new[0], a[1], *new[2:]), *a),
                    lambda *a: _with(lambda new, a: (*new[:2], a[2], new[3]), *a)),
            Mistake("corrected-kept",
                    _("the corrected averages come back, and would be corrected again: return m "
                      "and v as they were before."),
                    _corrected_kept),
            Mistake("heavy-ball",
                    _("m adds gradients up, like the heavy ball: Adam averages, (1 - beta1) * g."),
                    _summed),
            Mistake("betas-swapped",
                    _("beta1 and beta2 are swapped: beta1 is for m, beta2 for v."), _swapped),
            Mistake("old-averages", _("the step takes the old averages: update m and v first."),
                    _old_averages),
            Mistake("in-place", _("*=, += and -= change the caller's arrays: make new ones."),
                    _in_place),
        )),
    Exercise(
        adamw_step, cases=_decaying,
        returns=FOUR,
        praise=_("the decay goes past the averages"),
        mistakes=(
            Mistake("through-the-gradient",
                    _("lam * theta goes into the gradient here, and Adam divides it away again: "
                      "that is L2, not AdamW. Subtract lr * lam * theta beside the step."),
                    _l2),
            Mistake("no-decay", _("the decay is missing: subtract lr * lam * theta as well."),
                    lambda *a: _adamw(*a, decay=lambda theta, moved, lr, lam: moved)),
            Mistake("rate-forgotten", _("the decay has no rate: lr * lam * theta."),
                    lambda *a: _adamw(*a, decay=lambda theta, moved, lr, lam: moved - lam * theta)),
            Mistake("theta-forgotten",
                    _("the decay takes the same from every weight: it takes a share of each, "
                      "lr * lam * theta."),
                    lambda *a: _adamw(*a, decay=lambda theta, moved, lr, lam: moved - lr * lam)),
            Mistake("growth", _("the weights grow: subtract the decay."),
                    lambda *a: _adamw(*a, decay=lambda theta, moved, lr, lam:
                                      moved + lr * lam * theta)),
            Mistake("after-the-step",
                    _("the decay is taken of the new theta: take it of the old one, before the "
                      "step."),
                    lambda *a: _adamw(*a, decay=lambda theta, moved, lr, lam:
                                      moved * (1 - lr * lam))),
            Mistake("twice",
                    _("the weights decay twice, in the gradient and beside it: leave the "
                      "gradient alone."),
                    lambda theta, m, v, t, g, *rest: adamw_step(
                        theta, m, v, t, g + rest[1] * theta, *rest)),
            Mistake("uphill", _("this goes uphill: subtract the step."),
                    lambda *a: _adamw(*a, decay=lambda theta, moved, lr, lam:
                                      2 * theta - moved - lr * lam * theta)),
        )),
    Exercise(
        repaired_adam_training, cases=_trainings,
        returns=_("the last theta, an array"),
        praise=_("the counter runs on, and the correction fades once for all"),
        mistakes=(
            Mistake("as-given",
                    _("not repaired yet: the first step of every new epoch is up to twice as long "
                      "as the one before; print their lengths."),
                    lambda *a: _training(*a, count=lambda t, epoch, k: k + 1)),
            Mistake("never-grows",
                    _("the counter never grows: the correction of the first step is made again "
                      "and again."),
                    lambda *a: _training(*a, count=lambda t, epoch, k: 1)),
            Mistake("counts-epochs",
                    _("the counter counts epochs: it has to count gradients."),
                    lambda *a: _training(*a, count=lambda t, epoch, k: epoch + 1)),
            Mistake("memory-restarted",
                    _("m and v start again with every epoch too: now Adam forgets all it has "
                      "seen. Keep them, and let t run on."),
                    lambda *a: _training(*a, fresh=True)),
            Mistake("not-corrected",
                    _("the correction is gone: without it the first steps have the wrong "
                      "length. Keep it, and let t run on."),
                    lambda *a: _training(*a, corrected=False)),
            Mistake("starts-late",
                    _("the counter is one ahead: the first gradient is number 1."),
                    lambda *a: _training(*a, count=lambda t, epoch, k: max(t, 1) + 1)),
            Mistake("restarts-later",
                    _("the counter still goes back at an epoch's end: start it once, before all "
                      "epochs."),
                    lambda *a: _training(*a, count=lambda t, epoch, k: epoch + k + 1)),
        )),
)
