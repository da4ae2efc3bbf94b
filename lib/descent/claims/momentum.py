"""What the lecture says about Momentum, MO1 to MO5."""

import inspect
from functools import cache
from itertools import islice

import numpy as np

from . import Condition, claim, generators
from .landscapes import more_arrive, share
from .race import N, data, epochs, loss, net
from .tuning import TUNING_SEEDS, iterations_until, stored, tune
from ..batches import mini_batches
from ..language import mark as _
from ..optimizers import gradient_descent, momentum
from ..surfaces import double_well
from ..theory import best_momentum, momentum_factor
from ..training import descend, record

GOH = "Goh 2017, Distill, Why Momentum Really Works"
POLYAK = "Polyak 1964"


# The ball.

def _force(x):
    return -double_well.function(x, 0.0)[1]


def ball(x, friction, time, dt=0.005):
    """Where a ball that starts at rest is after this time, x'' + friction x' = -f'(x), by RK4."""
    def change(state):
        return np.stack([state[1], _force(state[0]) - friction * state[1]])

    state = np.stack([x, np.zeros_like(x)])
    for _step in range(round(time / dt)):
        a = change(state)
        b = change(state + dt / 2 * a)
        c = change(state + dt / 2 * b)
        state = state + dt / 6 * (a + 2 * b + 2 * c + change(state + dt * c))
    return state[0]


@claim("MO1", _("Momentum works like momentum in physics: a ball that rolls downhill."),
       reference=f"{POLYAK}; Qian 1999, Neural Networks 12(1)", anchor="Roll-a-ball",
       note=_("a ball with friction: without gradient 0.9 of its speed is left after each step"))
def rolling_ball(seeds, friction=1.0, time=6.0):
    """A ball in the double well beside Momentum with lr = h^2 and beta = 1 - friction h.

    If the two agree as h gets smaller, their distance falls like h: order 1. A ball also rolls
    through the minimum; and what is in motion stays in motion where nothing pushes.
    """
    starts = np.stack([rng.uniform(-2, 2, 50) for rng in generators(seeds)])
    there, h = ball(starts, friction, time), time / np.array([240, 480, 960])
    apart = []
    for step in h:
        steps = descend(lambda theta: (theta[..., 0], -_force(theta)), starts[..., None], momentum,
                        lr=step**2, beta=1 - friction * step)
        end = record(steps, round(time / step) + 1, keep=()).last.theta[..., 0]
        apart.append(np.median(np.abs(end - there), axis=-1))
    order = np.polyfit(np.log(h), np.log(apart), 1)[0]

    def swings(optimizer, **hyper):
        steps = descend(lambda theta: (theta[..., 0]**2 / 2, theta), [1.0], optimizer, **hyper)
        return (np.diff(np.sign(record(steps, 201, keep=("theta",)).theta), axis=0) != 0).sum()

    push = np.stack([rng.normal(size=1) for rng in generators(seeds)])
    shove = ((push if k == 0 else 0 * push,) for k in range(22))
    speed = record(descend(lambda theta, g: (theta[..., 0], g), 0 * push, momentum, shove, lr=0.1,
                           beta=0.9), 22, keep=("memory",)).memory["v"][..., 0]
    rubbing = _("the ball has friction (1 - β) / √η")
    turn = np.arccos((1 + 0.9 - 0.1) / (2 * 0.9**0.5))   # the angle of the recursion's roots
    return [Condition(rubbing, _("order with which Momentum comes closer to the ball"), order, ">",
                      0.5, theory=1),
            Condition(rubbing, _("swings through the minimum of a bowl, 200 steps with η = 0.1"),
                      swings(momentum, lr=0.1, beta=0.9), ">", 0, theory=200 * turn / np.pi),
            Condition(_("the ball has no friction"),
                      _("share of the speed left after 20 steps on the flat"),
                      speed[21] / speed[1], ">=", 0.99, ".2%", 0.9**20)]


# The history.

@claim("MO2", _("It adds a history parameter."), kind="identity", reference=GOH,
       anchor="Add-up-the-past",
       note=_("v sums all gradients so far; a step older weighs β times as much"))
def history(seeds):
    """v beside the explicit sum; then a gradient that never changes, and one that is only noise."""
    betas = np.array([0.5, 0.9, 0.99])
    n = 60
    g = np.stack([rng.normal(size=(n, 8)) for rng in generators(seeds)], axis=1)

    def velocity(gradients, beta, shape):
        steps = descend(lambda theta, g: (theta[..., 0], np.broadcast_to(g, theta.shape)),
                        np.zeros(shape), momentum, ((one,) for one in gradients), beta=beta)
        return (step.memory.get("v", 0) for step in steps)

    *_rest, v = velocity(np.concatenate([g, g[:1]]), 0.9, g.shape[1:])
    explicit = (0.9**np.arange(n)[::-1, None, None] * g).sum(axis=0)
    equal = np.isclose(v, explicit, rtol=1e-9, atol=1e-12).mean(axis=-1)
    conditions = [Condition("β = 0.9", _("share of v equal to the sum of β^k times the gradient k "
                                         "steps ago, after 60 steps"), equal, "=", 1, ".2%")]

    *_rest, v = velocity(np.ones((1500, 1, 1, 1)), betas[:, None, None], (3, 1, 1))
    for beta, one in zip(betas, v[:, 0, 0]):
        conditions.append(Condition(f"β = {beta:g}", _("v over a gradient that never changes"), one,
                                    ">", 1, ".3g", 1 / (1 - beta)))
    rngs = generators(seeds)
    noise = (np.stack([rng.normal(size=100) for rng in rngs]) for _step in range(1200))
    late = list(islice(velocity(noise, betas[:, None, None], (3, len(seeds), 100)), 700, None, 20))
    spread = (1 - betas[:, None]) * np.std(np.stack(late), axis=(0, -1))
    for beta, one in zip(betas, spread):
        conditions.append(Condition(
            f"β = {beta:g}", _("spread of the weighted mean (1 - β) v, over that of the gradients"),
            one, "<", 1, theory=((1 - beta) / (1 + beta))**0.5))
    return conditions


# Acceleration.

KAPPAS = (10, 100, 1000)


@cache
def quadratics(kappa, seeds, d=50):
    """Curvatures from 1 to kappa, 48 of them random, and starts: two arrays (seeds, d).

    Both methods do the same in turned coordinates, so the bowls are not turned.
    """
    rng = generators(seeds)
    between = np.stack([np.sort(kappa**one.uniform(size=d - 2)) for one in rng])
    ends = np.ones((len(seeds), 1))
    return (np.concatenate([ends, between, kappa * ends], axis=1),
            np.stack([one.normal(size=d) for one in rng]))


def iterations(kappa, optimizer, seeds, left=1e-6, n=20_000, **hyper):
    """Iterations on the random quadratics until this share of the distance is left, (seeds,)."""
    curvature, start = quadratics(kappa, seeds)
    goal = left * np.linalg.norm(start, axis=-1)
    steps = descend(lambda theta: (theta[..., 0], curvature * theta), start, optimizer, **hyper)
    return iterations_until(lambda theta: np.linalg.norm(theta, axis=-1) <= goal, steps, n)


@cache
def needed(kappa, method, seeds, left=1e-6):
    """The same for gradient descent, for the best rate and β, or for β = 0.9 at its best rate."""
    if method == "gradient descent":
        return iterations(kappa, gradient_descent, seeds, left, lr=2 / (1 + kappa))
    lr, beta = (best_momentum(1, kappa) if method == "best" else
                (stored("momentum")[str(kappa)], 0.9))
    return iterations(kappa, momentum, seeds, left, lr=lr, beta=beta)


def tuned():
    """The best rate for β = 0.9 on the quadratics of each κ, on a grid of factors of √2."""
    return {str(kappa): tune(lambda lr, seeds: iterations(kappa, momentum, seeds, n=3000, lr=lr,
                                                          beta=0.9),
                             tuple(4 / kappa * 2.0**(k / 2) for k in range(-16, 2)), TUNING_SEEDS)
            for kappa in KAPPAS}


@claim("MO3", _("Momentum accelerates convergence; the network converges faster."),
       reference=f"{POLYAK}; Kidambi et al. 2018, ICLR", anchor="Cross-a-ravine",
       note=_("on narrow ravines and large batches much; on round bowls β = 0.9 is slower"))
def acceleration(seeds):
    """Random quadratics with 50 curvatures from 1 to κ, and the network on 768 digits.

    An iteration's factor is measured while the distance falls from 1e-6 to 1e-12 of the start's.
    """
    best, usual, narrow = (_("rate and β are the best for the curvatures"),
                           _("β is 0.9 and κ is 10"), _("β is 0.9 and κ is 100 or more"))
    conditions, factors = [], []
    for kappa, label, times, factor in (
            (10, usual, _("iterations to a millionth of the distance at κ = 10, over gradient "
                          "descent's"),
             _("factor of an iteration at κ = 10, over gradient descent's")),
            (100, narrow, _("iterations to a millionth of the distance at κ = 100, over gradient "
                            "descent's"),
             _("factor of an iteration at κ = 100, over gradient descent's")),
            (1000, narrow, _("iterations to a millionth of the distance at κ = 1,000, over "
                             "gradient descent's"),
             _("factor of an iteration at κ = 1,000, over gradient descent's"))):
        plain, tuned_best = (needed(kappa, way, seeds) for way in ("gradient descent", "best"))
        conditions += [Condition(best, times, tuned_best / plain, "<", 1),
                       Condition(label, times, needed(kappa, "usual", seeds) / plain, "<", 1)]
        late = 1e-6 ** (1 / (needed(kappa, "best", seeds, 1e-12) - tuned_best))
        theory = momentum_factor(1, 2 / (1 + kappa))
        lr, beta = best_momentum(1, kappa)
        factors.append(Condition(best, factor, late / theory, "<", 1, ".3g",
                                 momentum_factor(1, lr, beta) / theory))
    digits = _("epochs to a loss of 0.02 on digits, over gradient descent's, rates tuned")
    return conditions + factors + [
        Condition(label, digits, epochs("momentum", size, 0.02, seeds)
                  / epochs("gradient descent", size, 0.02, seeds), "<", 0.5)
        for label, size in ((_("the batch is all the digits"), N), (_("B = 256"), 256),
                            (_("B = 8"), 8))]


# Local minima.

@claim("MO4", _("It can avoid getting stuck in local minima."), reference=GOH,
       anchor="Leave-a-local-minimum,-or-not",
       note=_("a large rate that falls gets gradient descent out, too; a narrow hole is missed"))
def local_minima(seeds):
    """The shared landscapes, Momentum with β = 0.9 beside gradient descent.

    With 0.1 gradient descent goes as far in the long run as Momentum with 0.01.
    """
    metric = _("more starts that end in the global minimum than with gradient descent")
    return [*more_arrive("momentum", metric, seeds),
            Condition(_("the loss is the bowl with ripples, the rate 0.01, gradient descent's 0.1"),
                      metric, share("ripples", "momentum", seeds, 0.01)
                      - share("ripples", "gradient descent", seeds, 0.1), ">", 0.2, ".2%")]


# A new parameter.

@claim("MO5", _("It introduces a new parameter."), reference=GOH, anchor="Compare-at-a-fair-rate",
       note=_("0.9 is seldom far off; the old rate, times 1 - β, then does what it did"))
def new_parameter(seeds, lr=0.1):
    """It is a drawback where a wrong choice costs much, and where the rate must change with it.

    Quadratics with κ = 100 and the rate 1 / L, until a ten-thousandth of the distance is left;
    then three epochs on digits with batches of 32.
    """
    def hyperparameters(optimizer):
        return sum(p.kind is p.KEYWORD_ONLY
                   for p in inspect.signature(optimizer).parameters.values())

    cost = {beta: iterations(100, momentum, seeds, 1e-4, lr=0.01, beta=beta)
            for beta in (0.5, 0.8, 0.9, 0.99)}
    best = np.min(list(cost.values()), axis=0)

    def trained(optimizer, lr):
        steps = descend(net.loss_and_gradient, net.initial(generators(seeds)), optimizer,
                        mini_batches(*data(), size=32, rng=generators(seeds)), lr=lr)
        return loss(record(steps, 3 * N // 32 + 1, keep=()).last.theta)

    far = _("β is far from the best, 0.8")
    plain, learned = trained(gradient_descent, lr), _("loss of all digits after three epochs, over "
                                                      "gradient descent's at 0.1")
    return [Condition(_("the hyperparameters are counted"), _("more than gradient descent has"),
                      hyperparameters(momentum) - hyperparameters(gradient_descent), ">", 0),
            *(Condition(label, metric, cost[beta] / best, ">", 2) for label, metric, beta in (
                (far, _("iterations with β = 0.5, over the best β's"), 0.5),
                (far, _("iterations with β = 0.99, over the best β's"), 0.99),
                (_("β is 0.9"), _("iterations with β = 0.9, over the best β's"), 0.9))),
            Condition(_("the rate stays as it was"), learned, trained(momentum, lr) / plain, "<",
                      0.5),
            Condition(_("the rate is multiplied by 1 - β"), learned,
                      trained(momentum, lr * 0.1) / plain, "<", 0.5)]
