"""What is asked in 07: corrected averages, a change of convention, AdamW for weights, AMSGrad."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def corrected_averages(gradients, beta):
    """Adam's corrected running mean after each gradient, shape (T, P).

    gradients: (T, P), the first gradient first. The running mean starts at 0.
    """
    m, means = np.zeros(gradients.shape[1]), []
    for t, g in enumerate(gradients, start=1):
        m = beta * m + (1 - beta) * g
        means.append(m / (1 - beta**t))
    return np.array(means)


def to_average(lr, beta, v):
    """The rate and the memory with which an average goes on where the heavy ball stands.

    lr, beta and the velocity v (P,) are the heavy ball's. Returns the rate and m (P,), in this
    order.
    """
    return lr / (1 - beta), (1 - beta) * v


def decayed_step(theta, m, v, t, g, lr, lam, decays, beta1, beta2, eps):
    """One step of AdamW in which some parameters decay: the new theta, m, v and t, in this order.

    theta, m, v, g: arrays (P,). decays (P,) is 1.0 for a weight and 0.0 for a bias, which does not
    decay. t counts the gradients before this one. The arrays given are left as they are.
    """
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    theta = theta - lr * lam * decays * theta
    return theta - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v, t


def amsgrad_step(theta, m, v, high, t, g, lr, beta1, beta2, eps):
    """One step of AMSGrad: the new theta, m, v, high and t, in this order.

    theta, m, v, high, g: arrays (P,). high is the largest v so far, each parameter's own. t counts
    the gradients before this one. The arrays given are left as they are.
    """
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    high = np.maximum(high, v)
    step = m / (1 - beta1**t) / (np.sqrt(high / (1 - beta2**t)) + eps)
    return theta - lr * step, m, v, high, t


def _series(rng):
    return [(rng.normal(1, 2, (n, p)), rng.uniform(*ends))
            for n, p, ends in ((1, 2, (0.8, 0.95)), (2, 2, (0.9, 0.99)), (4, 3, (0.5, 0.9)),
                               (6, 2, (0.9, 0.999)), (9, 4, (0.6, 0.8)))]


def _balls(rng):
    return [(rng.uniform(0.01, 0.3), beta + rng.uniform(-0.05, 0.05), rng.normal(0, 3, p))
            for p, beta in ((2, 0.9), (3, 0.8), (2, 0.6), (4, 0.2), (1, 0.94))]


def _moving(rng):
    """(theta, m, v, t, g, lr, beta1, beta2, eps): from rest, and on the way; eps can be seen."""
    cases = []
    for p, t in ((2, 0), (2, 1), (3, 3), (4, 7), (3, 12)):
        beta1, beta2 = rng.uniform(0.7, 0.9), rng.uniform(0.93, 0.99)
        m, v = rng.normal(size=p) * (1 - beta1**t), rng.uniform(0.5, 2, p) * (1 - beta2**t)
        cases.append((rng.normal(0, 2, p), m, v, t, rng.uniform(0.3, 2, p) * rng.choice((-1, 1), p),
                      rng.uniform(0.05, 0.3), beta1, beta2, rng.uniform(0.05, 0.3)))
    return cases


def _decaying(rng):
    """The same with lam and what decays: some of it, all of it."""
    return [(*case[:6], rng.uniform(0.1, 0.5), 1.0 * (np.arange(len(case[0])) != out), *case[6:])
            for case, out in zip(_moving(rng), (0, 9, 1, 2, 0))]


def _peaks(rng):
    """The same with the largest v so far: some are larger than the new v, others are not."""
    cases = []
    for theta, m, v, t, g, lr, beta1, beta2, eps in _moving(rng):
        high = v * (1 + rng.uniform(0.5, 1, len(v)) * (np.arange(len(v)) % 2))
        cases.append((theta, m, v, high, t, g, lr, beta1, beta2, eps))
    return cases


def _means(gradients, beta, new=lambda m, g, beta: beta * m + (1 - beta) * g,
           corrected=lambda m, beta, t: m / (1 - beta**t)):
    """The solution with another mean or another correction."""
    m, means = np.zeros(gradients.shape[1]), []
    for t, g in enumerate(gradients, start=1):
        m = new(m, g, beta)
        means.append(corrected(m, beta, t))
    return np.array(means)


def _fed_back(gradients, beta):
    m, means = np.zeros(gradients.shape[1]), []
    for t, g in enumerate(gradients, start=1):
        m = (beta * m + (1 - beta) * g) / (1 - beta**t)
        means.append(m)
    return np.array(means)


def _adam(theta, m, v, t, g, lr, beta1, beta2, eps, square=lambda g: g**2, share=None,
          hats=lambda t, beta: 1 - beta**t, count=1, peak=lambda v, c2: v,
          root=lambda v, c2, eps: np.sqrt(v / c2) + eps):
    """The step of Adam with other parts, and the new m, v and t; peak(v, c2) -> the v to use."""
    t = t + count
    m = beta1 * m + (1 - beta1 if share is None else share) * g
    v = beta2 * v + (1 - beta2) * square(g)
    c1, c2 = hats(t, beta1), hats(t, beta2)
    return lr * m / c1 / root(peak(v, c2), c2, eps), m, v, t


# Wrong ideas about Adam's own part: their names, texts and the arguments of _adam that have them.
PARTS = (
    ("eps-inside", said("adam_step", "eps-inside"),
     [dict(root=lambda v, c2, eps: np.sqrt(v / c2 + eps))]),
    ("eps-before-correction", said("adam_step", "eps-before-correction"),
     [dict(root=lambda v, c2, eps: (np.sqrt(v) + eps) / c2**0.5),
      dict(root=lambda v, c2, eps: np.sqrt((v + eps) / c2))]),
    ("eps-forgotten", said("adam_step", "eps-forgotten"),
     [dict(root=lambda v, c2, eps: np.sqrt(v / c2))]),
    ("root-forgotten", said("adam_step", "root-forgotten"),
     [dict(root=lambda v, c2, eps: v / c2 + eps)]),
    ("square-forgotten", said("adam_step", "square-forgotten"),
     [dict(square=np.abs), dict(square=lambda g: g)]),
    ("heavy-ball", said("adam_step", "heavy-ball"), [dict(share=1)]),
    ("counted-twice", said("adam_step", "counted-twice"), [dict(count=2)]),
)
PART_COSTS = {"eps-inside": 1, "eps-before-correction": 1, "eps-forgotten": 1, "root-forgotten": 2,
              "square-forgotten": 2, "heavy-ball": 2, "counted-twice": 1,
              "t-from-0": 2, "t-not-kept": 1, "not-kept": 2, "uphill": 2, "in-place": 1}


def _decayed(theta, m, v, t, g, lr, lam, decays, beta1, beta2, eps,
             decay=lambda theta, lr, lam, decays: theta - lr * lam * decays * theta,
             into=lambda theta, lam, decays: 0, after=False, **parts):
    """The solution with another decay, a decay in the gradient, or one after the step."""
    step, m, v, t = _adam(theta, m, v, t, g + into(theta, lam, decays), lr, beta1, beta2, eps,
                          **parts)
    if after:
        return decay(theta - step, lr, lam, decays), m, v, t
    return decay(theta, lr, lam, decays) - step, m, v, t


def _amsgrad(theta, m, v, high, t, g, lr, beta1, beta2, eps,
             largest=lambda high, v, c2: np.maximum(high, v), **parts):
    """The solution with another largest(high, v, c2)."""
    def peak(v, c2):
        return largest(high, v, c2)

    step, m, v, t = _adam(theta, m, v, t, g, lr, beta1, beta2, eps, peak=peak, **parts)
    return theta - step, m, v, np.maximum(high, v), t


def _amsgrad_corrected(theta, m, v, high, t, g, lr, beta1, beta2, eps):
    t = t + 1
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    high = np.maximum(high, v / (1 - beta2**t))
    return theta - lr * m / (1 - beta1**t) / (np.sqrt(high) + eps), m, v, high, t


def _high_as_v(*a):
    theta, m, v, high, t = amsgrad_step(*a)
    return theta, m, high, high, t


def _as_given(step, *places):
    """The solution, but what it returns at these places is as it was given."""
    def idea(*a):
        return tuple(a[k] if k in places else new for k, new in enumerate(step(*a)))
    return idea


def _uphill(step):
    return lambda *a: (lambda theta, *memory: (2 * a[0] - theta, *memory))(*step(*a))


def _in_place(step, arrays):
    """The solution, which also writes its answers over the arrays that it was given."""
    def idea(*a):
        new = step(*a)
        for k in arrays:
            a[k][:] = new[k]
        return new
    return idea


def _late(step):
    """The solution whose corrections count the gradients before this one."""
    def idea(*a):
        return step(*a, hats=lambda t, beta: 1 - beta**(t - 1))
    return idea


def _parts(step):
    """The mistakes about Adam's own part, in this step."""
    return [Mistake(name, text, *[lambda *a, change=change: step(*a, **change)
                                  for change in changes])
            for name, text, changes in PARTS]


ITEMS = (
    Item(Exercise(
        corrected_averages, cases=_series,
        returns=_("an array with one row for each gradient"),
        praise=_("the mean is corrected, and what is kept is not"),
        mistakes=(
            Mistake("not-corrected", said("bias_correct", "not-corrected"),
                    lambda *a: _means(*a, corrected=lambda m, beta, t: m)),
            Mistake("t-from-0", said("bias_correct", "t-from-0"),
                    lambda *a: _means(*a, corrected=lambda m, beta, t: m / (1 - beta**(t - 1)))),
            Mistake("one-too-many", said("bias_correct", "one-too-many"),
                    lambda *a: _means(*a, corrected=lambda m, beta, t: m / (1 - beta**(t + 1)))),
            Mistake("always-the-first", said("bias_correct", "always-the-first"),
                    lambda *a: _means(*a, corrected=lambda m, beta, t: m / (1 - beta))),
            Mistake("multiplied", said("bias_correct", "multiplied"),
                    lambda *a: _means(*a, corrected=lambda m, beta, t: m * (1 - beta**t))),
            Mistake("corrected-kept",
                    _("the corrected mean is kept and corrected again: go on from m as it was "
                      "before."),
                    _fed_back),
            Mistake("sum",
                    _("m adds gradients up, like the heavy ball: Adam averages, (1 - beta) * g."),
                    lambda *a: _means(*a, new=lambda m, g, beta: beta * m + g)),
            Mistake("weights-swapped",
                    _("beta multiplies the gradient here: it is the old mean that fades."),
                    lambda *a: _means(*a, new=lambda m, g, beta: (1 - beta) * m + beta * g)),
            Mistake("plain-mean",
                    _("this is the plain mean of all gradients so far: old ones fade by beta."),
                    lambda gradients, beta: np.cumsum(gradients, axis=0)
                    / np.arange(1, len(gradients) + 1)[:, None]),
            Mistake("last-alone",
                    _("this is the last mean alone: return one for each gradient."),
                    lambda *a: _means(*a)[-1]),
        )),
        points=3, costs={"not-corrected": 2, "t-from-0": 1, "one-too-many": 1,
                         "always-the-first": 2, "multiplied": 1, "corrected-kept": 2, "sum": 2,
                         "weights-swapped": 2, "last-alone": 1}),
    Item(Exercise(
        to_average, cases=_balls,
        returns=_("the rate and m, in this order"),
        praise=_("the walk goes on as if nothing had happened"),
        mistakes=(
            Mistake("turned-around",
                    _("an average is shorter than the sum, by 1 - beta: its rate is larger, its "
                      "memory smaller."),
                    lambda lr, beta, v: (lr * (1 - beta), v / (1 - beta))),
            Mistake("rate-turned-around",
                    _("the average is 1 - beta times as long as the sum, so its rate must be "
                      "larger, not smaller."),
                    lambda lr, beta, v: (lr * (1 - beta), (1 - beta) * v)),
            Mistake("memory-forgotten",
                    _("the memory is still a sum: the average is 1 - beta times as long."),
                    lambda lr, beta, v: (lr / (1 - beta), v)),
            Mistake("rate-forgotten",
                    _("the rate is still that for a sum: divide it by 1 - beta."),
                    lambda lr, beta, v: (lr, (1 - beta) * v)),
            Mistake("memory-turned-around",
                    _("the average is shorter than the sum: multiply v by 1 - beta."),
                    lambda lr, beta, v: (lr / (1 - beta), v / (1 - beta))),
            Mistake("rate-in-the-memory",
                    _("the rate has no place in the memory: m averages gradients."),
                    lambda lr, beta, v: (lr / (1 - beta), lr * v),
                    lambda lr, beta, v: (lr / (1 - beta), lr * (1 - beta) * v)),
            Mistake("times-beta", said("fair_rate", "times-beta"),
                    lambda lr, beta, v: (lr / beta, beta * v),
                    lambda lr, beta, v: (lr * beta, beta * v)),
            Mistake("pair-swapped",
                    _("the two are in the wrong order: the rate comes first."),
                    lambda lr, beta, v: ((1 - beta) * v, lr / (1 - beta))),
        )),
        points=2, costs={"rate-turned-around": 1, "memory-forgotten": 1, "rate-forgotten": 1,
                         "memory-turned-around": 1, "rate-in-the-memory": 1, "pair-swapped": 1}),
    Item(Exercise(
        decayed_step, cases=_decaying,
        returns=_("the new theta, m, v and t, in this order"),
        praise=_("the decay goes past the averages, and past the biases"),
        mistakes=(
            Mistake("through-the-gradient", said("adamw_step", "through-the-gradient"),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: theta,
                                        into=lambda theta, lam, decays: lam * decays * theta),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: theta,
                                        into=lambda theta, lam, decays: lam * theta)),
            Mistake("biases-decay",
                    _("everything decays here, the biases too: multiply by decays."),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: (
                        theta - lr * lam * theta))),
            Mistake("weights-spared",
                    _("the biases decay and the weights don't: decays is 1 where there is decay."),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: (
                        theta - lr * lam * (1 - decays) * theta))),
            Mistake("no-decay", said("adamw_step", "no-decay"),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: theta)),
            Mistake("rate-forgotten", said("adamw_step", "rate-forgotten"),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: (
                        theta - lam * decays * theta))),
            Mistake("growth", said("adamw_step", "growth"),
                    lambda *a: _decayed(*a, decay=lambda theta, lr, lam, decays: (
                        theta + lr * lam * decays * theta))),
            Mistake("after-the-step", said("adamw_step", "after-the-step"),
                    lambda *a: _decayed(*a, after=True)),
            Mistake("step-for-weights-alone",
                    _("the biases don't move at all: decays is for the decay, not for the step."),
                    lambda *a: (lambda theta, *memory: (
                        a[0] + (theta - a[0]) * a[7], *memory))(*_decayed(*a))),
            Mistake("not-corrected", said("adam_step", "not-corrected"),
                    lambda *a: _decayed(*a, hats=lambda t, beta: 1)),
            *_parts(_decayed),
            Mistake("uphill", said("adam_step", "uphill"),
                    lambda *a: (lambda theta, *memory: (
                        2 * (a[0] - a[5] * a[6] * a[7] * a[0]) - theta, *memory))(*_decayed(*a))),
            Mistake("t-from-0", said("adam_step", "t-from-0"), _late(_decayed)),
            Mistake("t-not-kept", said("adam_step", "t-not-kept"), _as_given(_decayed, 3)),
            Mistake("not-kept", said("adam_step", "not-kept"), _as_given(_decayed, 1, 2),
                    _as_given(_decayed, 1), _as_given(_decayed, 2)),
            Mistake("in-place", said("adam_step", "in-place"), _in_place(_decayed, (0, 1, 2))),
        )),
        points=5, costs=PART_COSTS | {
            "through-the-gradient": 3, "biases-decay": 2, "weights-spared": 2, "no-decay": 3,
            "rate-forgotten": 2, "growth": 2, "after-the-step": 1, "step-for-weights-alone": 2,
            "not-corrected": 2}),
    Item(Exercise(
        amsgrad_step, cases=_peaks,
        returns=_("the new theta, m, v, high and t, in this order"),
        praise=_("the rate of a parameter can no longer grow again"),
        mistakes=(
            Mistake("adam",
                    _("this is Adam's step: divide by the root of the largest v, corrected."),
                    lambda *a: _amsgrad(*a, largest=lambda high, v, c2: v)),
            Mistake("old-high",
                    _("the step takes the old high: update it first, with the new v."),
                    lambda *a: _amsgrad(*a, largest=lambda high, v, c2: high)),
            Mistake("smallest",
                    _("this is the smallest v: take the larger of the two, np.maximum."),
                    lambda *a: (lambda theta, m, v, high, t: (theta, m, v, np.minimum(a[3], v), t))(
                        *_amsgrad(*a, largest=lambda high, v, c2: np.minimum(high, v)))),
            Mistake("one-for-all",
                    _("one largest number for all parameters: each has its own, np.maximum."),
                    lambda *a: (lambda theta, m, v, high, t: (
                        theta, m, v, np.full(len(v), high.max()), t))(
                            *_amsgrad(*a, largest=lambda high, v, c2: np.maximum(high, v).max()))),
            Mistake("largest-of-the-corrected",
                    _("the largest of the corrected v is taken here: in this task, as in "
                      "PyTorch, it is that of v itself, and is corrected afterwards."),
                    _amsgrad_corrected),
            Mistake("paper",
                    _("this is the paper's step, without bias correction: this task corrects m "
                      "and high."),
                    lambda *a: _amsgrad(*a, hats=lambda t, beta: 1)),
            Mistake("high-as-v",
                    _("the largest v comes back as v: v goes on as a mean, beside high."),
                    _high_as_v),
            Mistake("high-not-kept",
                    _("the high that comes back is the old one, so it never grows: return the "
                      "new one."),
                    _as_given(_amsgrad, 3)),
            *_parts(_amsgrad),
            Mistake("uphill", said("adam_step", "uphill"), _uphill(_amsgrad)),
            Mistake("t-from-0", said("adam_step", "t-from-0"), _late(_amsgrad)),
            Mistake("t-not-kept", said("adam_step", "t-not-kept"), _as_given(_amsgrad, 4)),
            Mistake("not-kept", said("adam_step", "not-kept"), _as_given(_amsgrad, 1, 2),
                    _as_given(_amsgrad, 1), _as_given(_amsgrad, 2)),
            Mistake("in-place", said("adam_step", "in-place"), _in_place(_amsgrad, (0, 1, 2, 3))),
        )),
        points=5, costs=PART_COSTS | {
            "adam": 3, "old-high": 2, "smallest": 2, "one-for-all": 2,
            "largest-of-the-corrected": 1, "paper": 2, "high-as-v": 2, "high-not-kept": 2}),
)

QUESTIONS = (
    Question("first-hundred", 3, """
1 point: what happens without the correction. Both means start at 0 and are too small, v more so
than m (after one step 1 - 0.999 against 1 - 0.9 of their size), and its root stands below. So the
first steps are too long: 0.1/√0.001 = 3.2 times lr, growing to 6.6 times lr after a dozen steps,
still 3.2 times after a hundred, over after some thousand. (Naming "too long, because of v" is
enough.)

1 point: why a warm-up helps even so. It makes the rate small while v has seen few gradients: it
covers what the missing correction did. With the correction, v̂ after few gradients is right on
average but a rough guess, so that single steps can still be far off; hence warm-up is used in
practice with corrected Adam too.

1 point: what to do. Put the correction back, first of all. A test for the claim: one run each with
and without correction and warm-up, the lengths of the first steps printed, several seeds, each at
its own best rate. One sensible test is enough.
"""),
)
