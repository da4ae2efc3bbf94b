"""What the lecture says about vanishing and exploding gradients: G4, V1 to V7, E1 to E6, X1, X2.

Signals are measured at the start of training, through 10 layers of 100. The networks that are
trained have 8 hidden layers of 32 and see digits in batches of 16, for 10 epochs at most; the seed
draws the split, the weights and the batches. One that vanishes: sigmoid with Xavier's weights. Two
that explode: ReLU with He's weights times 1.5 and times 3, at the rate 0.1.
"""

from functools import cache
from itertools import islice
from typing import NamedTuple

import numpy as np

from . import Condition, claim, generators
from .tuning import TUNING_SEEDS, stored, tune
from ..batches import epoch_length, mini_batches
from ..data import digits, split
from ..language import mark as _
from ..networks import ACTIVATIONS, LOSSES, Network, with_l2
from ..optimizers import adam, clipped, gradient_descent
from ..theory import signal_factors
from ..training import descend, record

SCHOENHOLZ = "Schoenholz et al. 2017, ICLR, arXiv:1611.01232"
GLOROT = "Glorot & Bengio 2010, AISTATS"
HE = "He et al. 2015, ICCV, arXiv:1502.01852"
PASCANU = "Pascanu, Mikolov & Bengio 2013, ICML, arXiv:1211.5063"
SMALL, LARGE = 0.8, 1.25   # a factor per layer that over ten layers leaves a tenth, or grows to ten
SIZE, EPOCHS, GOAL, LR = 16, 10, 0.8, 0.1
WORK = _("epochs until 80 % of the unseen digits are right")


# The signal through the layers at the start.

@cache
def deep(layers, activation="relu", init="he", gain=1.0, width=32):
    """A network for digits with so many hidden layers of one width."""
    return Network((64, *[width] * layers, 10), activation, init, gain)


@cache
def norms(net, seeds):
    """|dL/dz| and |dL/dW| of each hidden layer at the start, two arrays (layers, runs)."""
    x, y = (a[:50] for a in digits())
    _loss, handed_on, signals = net.backward(net.initial(generators(seeds)), x, y)
    signal = [np.linalg.norm(s, axis=(-2, -1)) for s in signals[:-1]]
    weight = [np.linalg.norm(a.mT @ s, axis=(-2, -1)) for a, s in zip(handed_on, signals[:-1])]
    return np.array(signal), np.array(weight)


def factor(norm):
    """The factor per layer on the way back, from the last hidden layer to the first, (runs,)."""
    return (norm[0] / norm[-1])**(1 / (len(norm) - 1))


def straightness(norm):
    """The share of the variance of log norm over the layers that a straight line explains."""
    layers = np.arange(len(norm))
    return np.array([np.corrcoef(layers, column)[0, 1]**2 for column in np.log(norm).T])


def predicted(net):
    """The mean factor per layer between the hidden layers, in theory."""
    return float(np.exp(np.log(signal_factors(net, digits()[0][:50])[:-1]).mean()))


def factors(cases, seeds, rule, threshold):
    """Conditions: the factor per layer of the signal, (label, network) by (label, network)."""
    return [Condition(label, _("factor on the signal dL/dz per layer, backwards"),
                      factor(norms(net, seeds)[0]), rule, threshold, theory=predicted(net))
            for label, net in cases]


def weights_factor(label, net, seeds, rule, threshold):
    """The same for dL/dW of a ReLU network, where what comes forward has the same factor."""
    return Condition(label, _("factor on the weights' gradient dL/dW per layer, backwards"),
                     factor(norms(net, seeds)[1][1:]), rule, threshold, theory=1.0)


@claim("V1", _("The vanishing gradient is a gradient that falls exponentially through the "
               "network's layers."), reference=SCHOENHOLZ,
       anchor="Work-out-the-factor-per-layer",
       note=_("the signal does, by one factor per layer; with ReLU the weights' gradient does not"))
def falls_exponentially(seeds):
    """One factor for every layer: below 1, as in theory, and log norm over depth a straight line.

    With ReLU the activations that come forward shrink by the same factor as the signal going
    back: their product, dL/dW, is equally small in every layer.
    """
    cases = ((_("the activation is sigmoid (Xavier)"), deep(10, "sigmoid", "xavier", 1.0, 100)),
             (_("it is tanh (Xavier × 0.5)"), deep(10, "tanh", "xavier", 0.5, 100)),
             (_("it is ReLU (He × 0.5)"), deep(10, "relu", "he", 0.5, 100)))
    lines = [Condition(label, _("share of the variance of log |dL/dz| that a straight line has"),
                       straightness(norms(net, seeds)[0]), ">", 0.98, ".4%")
             for label, net in cases]
    return [*factors(cases, seeds, "<", SMALL), *lines,
            weights_factor(_("it is ReLU (He × 0.5), and the gradient is the weights'"),
                           cases[-1][1], seeds, "<", SMALL)]


def recurrent(gain, seeds, steps=30, units=64):
    """The factor per step on a signal back through a tanh recurrent network; and in theory.

    The same weights at every step: theory takes them as fresh ones, a network 30 layers deep.
    """
    measured, net = [], Network((units,) * (steps + 2), "tanh", "lecun", gain)
    for rng in generators(seeds):
        w = gain * rng.normal(size=(units, units)) / units**0.5
        states = [rng.normal(size=(50, units))]
        for _k in range(steps):
            states.append(np.tanh(states[-1] @ w))
        signal = first = rng.normal(size=(50, units))
        for state in reversed(states[1:]):
            signal = (signal * (1 - state**2)) @ w.T
        measured.append((np.linalg.norm(signal) / np.linalg.norm(first))**(1 / steps))
    return np.array(measured), float(np.exp(np.log(signal_factors(net, states[0])).mean()))


@claim("E1", _("The exploding gradient is a gradient that becomes very large as we move backwards "
               "through the network."), reference=SCHOENHOLZ,
       anchor="Work-out-the-factor-per-layer",
       note=_("the signal does where the weights are large; with ReLU dL/dW is huge everywhere"))
def grows_backwards(seeds):
    """The mirror of V1, for weights that are too large, and back through 30 steps in time."""
    cases = ((_("the network is ReLU (He × 1.5)"), deep(10, "relu", "he", 1.5, 100)),
             (_("it is ReLU (He × 3)"), deep(10, "relu", "he", 3.0, 100)),
             (_("it is tanh (Xavier × 4)"), deep(10, "tanh", "xavier", 4.0, 100)),
             (_("it is sigmoid (Xavier × 20)"), deep(10, "sigmoid", "xavier", 20.0, 100)))
    through_time = []
    for label, gain in ((_("it is recurrent (tanh, 30 steps, gain 4)"), 4.0),
                        (_("it is recurrent with gain 1.5"), 1.5)):
        measured, theory = recurrent(gain, seeds)
        through_time.append(Condition(label, _("factor on the signal per step, back in time"),
                                      measured, ">", LARGE, theory=theory))
    return [*factors(cases, seeds, ">", LARGE), *through_time,
            weights_factor(_("it is ReLU (He × 3), and the gradient is the weights'"),
                           cases[1][1], seeds, ">", LARGE)]


@claim("V3", _("Vanishing is common in a very deep network."), reference=SCHOENHOLZ,
       anchor="Watch-early-layers-stand-still",
       note=_("depth is the power to which the factor is raised; at 1 forty layers lose little"))
def very_deep(seeds):
    """What is left of the signal at the first hidden layer, of that at the last, width 64."""
    cases = ((_("40 layers are sigmoid (Xavier)"), deep(40, "sigmoid", "xavier", 1.0, 64)),
             (_("40 layers are ReLU (Xavier)"), deep(40, "relu", "xavier", 1.0, 64)),
             (_("40 layers are tanh (Xavier)"), deep(40, "tanh", "xavier", 1.0, 64)),
             (_("40 layers are ReLU (He)"), deep(40, "relu", "he", 1.0, 64)),
             (_("8 layers are sigmoid (Xavier)"), deep(8, "sigmoid", "xavier", 1.0, 64)),
             (_("2 layers are sigmoid (Xavier)"), deep(2, "sigmoid", "xavier", 1.0, 64)))
    conditions = []
    for label, net in cases:
        signal = norms(net, seeds)[0]
        conditions.append(Condition(label, _("|dL/dz| of the first hidden layer over the last's"),
                                    signal[0] / signal[-1], "<", 0.01))
    return conditions


# Training: who learns, and after how many epochs.

class Outcome(NamedTuple):
    """How a training ended: when all runs had reached the goal, or none was finite, or the end."""

    epochs: np.ndarray   # until 80 % of the unseen digits were right, inf where never, (runs,)
    right: np.ndarray    # share of the unseen digits right at the end, (runs,)
    moved: np.ndarray    # |W - W0| / |W0| of each layer, inf where not finite, (layers, runs)


def course(net, seeds):
    """Weights to start from, endless batches of four fifths of the digits, and the unseen fifth."""
    rngs = generators(seeds)
    parts = [split(*digits(), rng=rng) for rng in rngs]
    (x, y), (unseen, label) = ([np.stack(arrays) for arrays in zip(*part)] for part in zip(*parts))
    start, runs = net.initial(rngs), np.arange(len(seeds))[:, None]
    batches = ((x[runs, rows], y[runs, rows])
               for rows, in mini_batches(np.arange(y.shape[1]), size=SIZE, rng=rngs))
    return start, batches, unseen, label


def lengths(net, theta):
    """The length of each layer's weights, biases left out, (layers, runs)."""
    return np.array([np.linalg.norm(w[..., :-1, :], axis=(-2, -1)) for w in net.layers(theta)])


@cache
def train(net, lr, seeds, optimizer=gradient_descent, lam=0.0):
    """Train on digits, looking at the unseen fifth after every epoch; an Outcome."""
    start, batches, unseen, label = course(net, seeds)
    objective = with_l2(net.loss_and_gradient, lam, net.is_weight) if lam else net.loss_and_gradient
    steps = descend(objective, start, optimizer, batches, lr=lr)
    each, epochs = epoch_length(1437, SIZE), np.full(len(seeds), np.inf)
    for k, step in enumerate(islice(steps, 0, EPOCHS * each + 1, each)):
        with np.errstate(all="ignore"):   # a run that explodes has no right answers to give
            right = (net.predict(step.theta, unseen) == label).mean(axis=-1)
            moved = lengths(net, step.theta - start) / lengths(net, start)
        epochs[(right > GOAL) & np.isinf(epochs)] = k
        if np.isfinite(epochs).all() or not np.isfinite(step.loss).any():
            break
    return Outcome(epochs, right, np.where(np.isfinite(moved), moved, np.inf))


class Residual(Network):
    """Hidden layers from the second on add their output to what they got, He et al. (2016)."""

    def forward(self, theta, x):
        handed_on, activate = [np.asarray(x)], ACTIVATIONS[self.activation][0]
        for k, w in enumerate(layers := self.layers(theta)):
            z = handed_on[-1] @ w[..., :-1, :] + w[..., -1:, :]
            inside = 0 < k < len(layers) - 1
            handed_on.append(handed_on[-1] + activate(z) if inside else
                             z if k else activate(z))
        return handed_on

    def backward(self, theta, x, y):
        handed_on, arriving = self.forward(theta, x), 0.0
        loss, signal = LOSSES[self.loss](handed_on[-1], y)
        signals, layers = [signal], self.layers(theta)
        for k in reversed(range(1, len(layers))):   # arriving: dL/da of hidden layer k
            arriving = arriving + signals[-1] @ layers[k][..., :-1, :].mT
            a = handed_on[k] - handed_on[k - 1] if k > 1 else handed_on[k]
            signals.append(arriving * ACTIVATIONS[self.activation][1](a))
        return loss, handed_on, signals[::-1]


# What is trained at its own best rate: name -> network, optimizer.
VANISHING, MILD, SEVERE = deep(8, "sigmoid", "xavier"), deep(8, gain=1.5), deep(8, gain=3.0)
BY_NORM, BY_VALUE = clipped(gradient_descent, norm=1), clipped(gradient_descent, value=0.1)
TUNED = {
    "he": (deep(8), gradient_descent),
    "relu": (deep(8, "relu", "xavier"), gradient_descent),
    "tanh": (deep(8, "tanh", "xavier"), gradient_descent),
    "4 layers": (deep(4, "sigmoid", "xavier"), gradient_descent),
    "2 layers": (deep(2, "sigmoid", "xavier"), gradient_descent),
    "scaled": (deep(8, "sigmoid", "xavier", 6.0), gradient_descent),
    "residual": (Residual(VANISHING.sizes, "sigmoid", "xavier"), gradient_descent),
    "adam": (VANISHING, adam),
    "mild, rate": (MILD, gradient_descent), "severe, rate": (SEVERE, gradient_descent),
    "mild, norm": (MILD, BY_NORM), "severe, norm": (SEVERE, BY_NORM),
    "mild, value": (MILD, BY_VALUE),
    "mild, adam": (MILD, adam), "severe, adam": (SEVERE, adam),
}
RATES = tuple(2.0**k for k in range(-19, 5))
MORE_SEEDS = (*TUNING_SEEDS, *range(1005, 1010))   # a rate must serve nearly every seed


def tuned():
    """Each one's best rate: the fewest epochs on average, so that a seed that fails counts.

    Where a run does not get there, it counts as all epochs and the share of its errors.
    """
    def cost(net, optimizer, lr, seeds):
        found = train(net, lr, seeds, optimizer)
        return np.where(np.isfinite(found.epochs), found.epochs, EPOCHS + 1 - found.right).mean()

    return {name: tune(lambda lr, seeds: cost(net, optimizer, lr, seeds), RATES, MORE_SEEDS)
            for name, (net, optimizer) in TUNED.items()}


def at_best(name, seeds):
    """The Outcome of a network and optimizer of TUNED at its stored rate."""
    net, optimizer = TUNED[name]
    return train(net, stored("gradient_problems")[name], seeds, optimizer)


def learns(cases):
    """Conditions: (label, Outcome) by (label, Outcome), whether it learns."""
    return [Condition(label, WORK, found.epochs, "<=", EPOCHS, "d") for label, found in cases]


# What vanishing and exploding do to learning.

STILL = _("change of the first hidden layer's weights over the last's, each over its own length")


@claim("V2", _("So the weights in early layers are not updated enough during training."),
       reference=GLOROT, anchor="Watch-early-layers-stand-still",
       note=_("no rate helps: one that moves the first layer throws the last about"))
def stand_still(seeds):
    """The network that vanishes, at two rates; beside one of the same shape that does not."""
    slow, fast = train(VANISHING, 0.5, seeds), train(VANISHING, 50.0, seeds)
    healthy = at_best("he", seeds)
    conditions = []
    for label, found in ((_("8 layers are sigmoid (Xavier), at the rate 0.5"), slow),
                         (_("the rate is 100 times higher"), fast)):
        conditions += [Condition(label, STILL, found.moved[0] / found.moved[-2], "<", 0.1, ".1g"),
                       Condition(label, WORK, found.epochs, ">", EPOCHS, "d")]
    conditions.append(Condition(
        _("beside ReLU (He), where nothing vanishes"), STILL,
        healthy.moved[0] / healthy.moved[-2], ">", 0.5))
    return sorted(conditions, key=lambda c: c.metric != STILL)


@claim("G4", _("Too small or too large gradients can mean that the network is not updated properly, "
               "which can hurt performance."), reference=GLOROT,
       anchor="Watch-early-layers-stand-still")
def not_updated_properly(seeds):
    """ReLU, 8 layers, one rate, the best for He's weights; the same weights times 0.1 and 3."""
    lr, healthy = stored("gradient_problems")["he"], at_best("he", seeds)
    small, large = (train(deep(8, gain=gain), lr, seeds) for gain in (0.1, 3.0))
    metric = _("share of the unseen digits right, minus that with He's weights")
    cases = ((_("gradients are too small (He × 0.1)"), small, "<", 0.01),
             (_("they are too large (He × 3)"), large, ">", 10))
    return [*(Condition(label, metric, found.right - healthy.right, "<", -0.5, ".2%")
              for label, found, *_rest in cases),
            *(Condition(label, _("change of the first layer's weights, over their length"),
                        found.moved[0], rule, threshold)
              for label, found, rule, threshold in cases)]


@claim("E2", _("So the weights can be updated by very large values."), reference=PASCANU,
       anchor="Watch-the-weights-blow-up",
       note=_("a sound first update is a hundredth of the weights' length"))
def large_updates(seeds):
    """The first update at the rate 0.1. Very large: a tenth of all weights' length, at one go."""
    conditions = []
    for label, net, rule in ((_("the weights are He × 1.5"), MILD, ">"),
                             (_("the weights are He × 3"), SEVERE, ">"),
                             (_("beside He × 1, where nothing explodes"), deep(8), "<")):
        start, batches, *_rest = course(net, seeds)
        first = next(descend(net.loss_and_gradient, start, gradient_descent, batches, lr=LR))
        ratio = LR * np.linalg.norm(first.grad, axis=-1) / np.linalg.norm(start, axis=-1)
        conditions.append(Condition(label, _("length of the first update, over the weights'"),
                                    ratio, rule, 0.1))
    return conditions


# Which activation, and on what scale.

def shrinks(activation, cases, slope, training, found, seeds):
    """Conditions: whether an activation vanishes by its slope, its weights, and in training."""
    u = np.linspace(-8, 8, 2001)
    function, derivative = ACTIVATIONS[activation]
    return [Condition(slope, _("largest slope of the activation"),
                      derivative(function(u)).max(), "<", 1),
            *factors([(label, deep(10, activation, init, gain, 100))
                      for label, init, gain in cases], seeds, "<", SMALL),
            Condition(training, WORK, found.epochs, ">", EPOCHS, "d")]


@claim("V4", _("Vanishing is common with activations such as the sigmoid, since they can generate "
               "small gradients."), reference=GLOROT, anchor="Choose-the-activation-and-its-scale",
       note=_("the slope is a fourth at most, and weights that are large enough make up for it"))
def sigmoid_shrinks(seeds):
    """The factor is the slope times the scale of the weights: one alone decides nothing."""
    cases = ((_("the weights are Xavier's"), "xavier", 1.0), (_("they are He's"), "he", 1.0),
             (_("they are normal with σ = 1, 100 wide"), "normal", 1.0),
             (_("they are Xavier's × 20"), "xavier", 20.0))
    return shrinks("sigmoid", cases, _("the slope alone is looked at"),
                   _("8 layers with Xavier's are trained"), train(VANISHING, 0.5, seeds), seeds)


@claim("V5", _("Vanishing is common with activations such as tanh, since they can generate small "
               "gradients."), reference=SCHOENHOLZ, anchor="Choose-the-activation-and-its-scale",
       note=_("at 0 its slope is 1: with Xavier's weights little is lost, and deep networks learn"))
def tanh_shrinks(seeds):
    """The same for tanh: with small weights it vanishes, with large ones it explodes."""
    cases = ((_("the weights are Xavier's × 0.5"), "xavier", 0.5),
             (_("they are normal with σ = 0.01"), "normal", 0.01),
             (_("they are Xavier's"), "xavier", 1.0),
             (_("they are normal with σ = 1, 100 wide"), "normal", 1.0))
    return shrinks("tanh", cases, _("the slope alone is looked at"),
                   _("8 layers with Xavier's are trained"), at_best("tanh", seeds), seeds)


# Cures for the network that vanishes: 8 sigmoid layers with Xavier's weights, see V2.

@claim("V6", _("A remedy: change the activation to more robust alternatives."), reference=HE,
       anchor="Cure-a-vanishing-gradient",
       note=_("each has weights that suit it: with He's ReLU needs fewer epochs"))
def other_activation(seeds):
    """One change on the network that vanishes, at its best rate; for ReLU then the weights, too."""
    return learns(((_("it is tanh (Xavier)"), at_best("tanh", seeds)),
                   (_("it is ReLU (Xavier)"), at_best("relu", seeds)),
                   (_("it is ReLU (He)"), at_best("he", seeds))))


@claim("V7", _("A remedy: consider shortening the network's depth."),
       anchor="Cure-a-vanishing-gradient",
       note=_("sigmoid with Xavier's weights learns with two layers, and with four not yet"))
def less_depth(seeds):
    """Sigmoid layers with Xavier's weights, each depth at its best rate."""
    return learns(((_("2 layers of 8 are left"), at_best("2 layers", seeds)),
                   (_("4 layers of 8 are left"), at_best("4 layers", seeds))))


@claim("X1", _("Not in the lecture: initialisation, residual connections and an adaptive step are "
               "remedies for vanishing gradients."), reference="He et al. 2016, CVPR, "
       "arXiv:1512.03385", anchor="Cure-a-vanishing-gradient",
       note=_("Adam moves the early layers, but what arrives there says little about the digits"))
def other_cures(seeds):
    """One change on the network that vanishes, at its best rate; Adam's first layer does move."""
    adaptive = at_best("adam", seeds)
    return [*learns(((_("the weights are larger (Xavier × 6)"), at_best("scaled", seeds)),
                     (_("residual connections are added"), at_best("residual", seeds)),
                     (_("the step is adaptive (Adam) and the network is to learn"), adaptive))),
            Condition(_("the step is adaptive and the first layer is only to move"),
                      _("change of the first layer's weights, over their length"),
                      adaptive.moved[0], ">", 0.1)]


# Cures for the networks that explode: 8 ReLU layers with He's weights times 1.5 and times 3.

@claim("E3", _("A remedy for exploding gradients: use L2 regularisation."), reference=PASCANU,
       anchor="Cure-an-exploding-gradient",
       note=_("it adds λθ and shrinks weights over many steps; the blow-up takes a handful"))
def l2(seeds):
    """At the rate 0.1 as before; and the data's gradient at the same weights, without λθ."""
    start, batches, *_rest = course(MILD, seeds)
    batch = next(batches)
    plain = MILD.loss_and_gradient(start, *batch)[1]
    whole = with_l2(MILD.loss_and_gradient, 1.0, MILD.is_weight)(start, *batch)[1]
    kept = np.linalg.norm(whole - MILD.is_weight * start, axis=-1)
    return [Condition(_("the data's gradient is to become smaller"),
                      _("length of the data's gradient at the same weights, with L2 over without"),
                      np.round(kept / np.linalg.norm(plain, axis=-1), 9), "<", 1, theory=1.0),
            *learns(((_("the weights are He × 1.5, λ is 0.01"), train(MILD, LR, seeds, lam=0.01)),
                     (_("the weights are He × 1.5, λ is 1"), train(MILD, LR, seeds, lam=1.0))))]


@claim("E4", _("A remedy for exploding gradients: reduce the network's depth."),
       anchor="Cure-an-exploding-gradient",
       note=_("the factor stays what it is; there are fewer layers to multiply it"))
def fewer_layers(seeds):
    """The rate stays 0.1."""
    return learns(((_("the weights are He × 1.5, and 4 layers of 8 are left"),
                    train(deep(4, gain=1.5), LR, seeds)),
                   (_("the weights are He × 3, and 2 layers of 8 are left"),
                    train(deep(2, gain=3.0), LR, seeds)),
                   (_("the weights are He × 3, and 4 layers of 8 are left"),
                    train(deep(4, gain=3.0), LR, seeds))))


@claim("E5", _("A remedy for exploding gradients: lower the learning rate."),
       anchor="Cure-an-exploding-gradient",
       note=_("the gradient stays; smaller steps let training survive, which is not yet learning"))
def lower_rate(seeds):
    """The gradient at hand, and training at the rate that is best for these weights."""
    rates = stored("gradient_problems")
    first = []
    for lr in (LR, rates["mild, rate"]):
        start, batches, *_rest = course(MILD, seeds)
        step = next(descend(MILD.loss_and_gradient, start, gradient_descent, batches, lr=lr))
        first.append(np.linalg.norm(step.grad, axis=-1))
    severe = at_best("severe, rate", seeds)
    return [Condition(_("the gradient at hand is to become smaller"),
                      _("length of the gradient at the same weights, lower rate over 0.1"),
                      first[1] / first[0], "<", 1, theory=1.0),
            *learns(((_("the weights are He × 1.5, at their best rate"),
                      at_best("mild, rate", seeds)),
                     (_("the weights are He × 3, at their best rate"), severe))),
            Condition(_("the weights are He × 3 and are only to survive"),
                      _("change of the first layer's weights, over their length"),
                      severe.moved[0], "<", 1)]


@claim("X2", _("Not in the lecture: initialisation and an adaptive step are remedies for exploding "
               "gradients."), reference=HE, anchor="Cure-an-exploding-gradient",
       note=_("sound weights cure the cause; an adaptive step bounds the update, not the gradient"))
def sound_weights(seeds):
    """He's weights, or Adam on the weights that explode; each at its best rate."""
    return learns(((_("the weights are He's again"), at_best("he", seeds)),
                   (_("the step is adaptive (Adam) and the weights are He × 1.5"),
                    at_best("mild, adam", seeds)),
                   (_("the step is adaptive and the weights are He × 3"),
                    at_best("severe, adam", seeds))))


@claim("E6", _("A remedy for exploding gradients: gradient clipping, which sets a smaller maximum "
               "for the gradient."), reference=PASCANU, anchor="Clip-the-gradient",
       note=_("it bounds the step; by norm the direction stays, by value the gradient turns"))
def clipping(seeds):
    """The angle at the start, for He × 1.5; and training, each at its best rate."""
    start, batches, *_rest = course(MILD, seeds)
    g = MILD.loss_and_gradient(start, *next(batches))[1]
    angles = []
    for label, optimizer in ((_("clipping is by norm and is to keep the direction"), BY_NORM),
                             (_("clipping is by value and is to keep the direction"), BY_VALUE)):
        step = start - optimizer(start, g, lr=1.0)[0]
        cosine = (step * g).sum(axis=-1) / np.linalg.norm(step, axis=-1)
        angles.append(Condition(label, _("cosine of the angle between clipped gradient and whole"),
                                cosine / np.linalg.norm(g, axis=-1), ">", 0.999, ".3g"))
    return [*learns(((_("the weights are He × 1.5, clipped by norm"), at_best("mild, norm", seeds)),
                     (_("the weights are He × 3, clipped by norm"),
                      at_best("severe, norm", seeds)))),
            Condition(_("the weights are He × 1.5, clipped by value"),
                      _("whether it learns within 10 epochs (1: yes)"),
                      at_best("mild, value", seeds).epochs <= EPOCHS, "=", 1), *angles]
