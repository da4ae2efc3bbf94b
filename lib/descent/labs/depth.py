"""Chapter 04: how deep a signal reaches, on digits."""

from functools import cache, lru_cache

import numpy as np
from matplotlib import rcParams

from .. import figures
from ..batches import mini_batches
from ..data import digits, split
from ..language import _, count
from ..networks import Network, with_l2
from ..optimizers import clipped, gradient_descent
from ..theory import signal_factors
from ..training import descend
from .engine import Choice, Lab, Number, Switch, geometric, plain, powers, within

WIDTH, CLASSES = 32, 10
PROBE = 64                          # examples with which the signal is measured at the start
SIGNAL, CHANGE, LOSS = (1e-12, 1e6), (1e-8, 1e2), (1e-1, 1e4)      # what the axes show
LAYERS = {11: [1, 5, 10], 21: [1, 10, 20], 41: [1, 10, 20, 30, 40]}     # end of axis: its ticks
ITERATIONS = {50: [0, 25, 50], 100: [0, 50, 100], 200: [0, 100, 200], 400: [0, 200, 400]}
LITTLE = 0.01                       # a layer that has moved by less stands still
NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "ReLU", "xavier": "Xavier", "he": "He",
         "lecun": "LeCun", "normal": "N(0, 1)"}


def steps_for(depth, steps):
    """Iterations that show something and can be made while the depth is dragged; `steps` if it can."""
    return min(max(steps, int(np.clip(400 // depth, 10, 200))), 1600 // depth)


def depth(**start):
    """The lab: a deep network at the start, a short training, and the lecture's remedies."""
    controls = {
        "depth": Number(_("hidden layers"), range(1, 41), 8, "L"),
        "activation": Choice(_("activation"), {name: NAMES[name] for name in
                                               ("sigmoid", "tanh", "relu")}, "sigmoid"),
        "gain": Number(_("gain of weights"), geometric(.1, 10), 1.0, "g"),
        "learning_rate": Number(_("learning rate η"), geometric(1e-6, 10, 10), 0.1, r"\eta"),
        "clip_norm": Switch(_("clip by norm")),
        "clip_value": Switch(_("clip by value")),
        "l2": Switch(_("L2")),
        "relu": Switch(_("ReLU and He")),
        "fewer": Switch(_("one hidden layer")),
        "init": Choice(_("initialisation"), {name: NAMES[name] for name in
                                             ("xavier", "he", "lecun", "normal")}, "xavier"),
        "batch_size": Number(_("batch size B"), powers(128), 32, "B"),
        "steps": Number(_("iterations"), [10, 20, 50, 100, 200, 400], 50, "k"),
        "norm_limit": Number(_("longest gradient"), geometric(1e-3, 100, 10), 1.0, "c_2"),
        "value_limit": Number(_("largest component"), geometric(1e-4, 10, 10), 0.01,
                              r"c_\infty"),
        "lam": Number(_("strength of L2, λ"), geometric(1e-4, 1, 10), 0.01, r"\lambda"),
        "seed": Number(_("seed"), range(10), 7, "s"),
    }
    vanishing = {"steps": 200}
    exploding = {"activation": "relu", "init": "he", "gain": 3.0, "steps": 200}
    presets = {
        "vanishes": (_("vanishes"), vanishing),
        "stands still": (_("stands still"), {"depth": 20, "steps": 100}),
        "tanh holds": (_("tanh holds"), {**vanishing, "activation": "tanh"}),
        "ReLU and He": (_("ReLU and He"), {**vanishing, "activation": "relu", "init": "he"}),
        "fewer layers": (_("fewer layers"), {**vanishing, "fewer": True}),
        "explodes": (_("explodes"), exploding),
        "clipped by norm": (_("clipped by norm"), {**exploding, "clip_norm": True}),
        "clipped by value": (_("clipped by value"), {**exploding, "clip_value": True}),
        "L2": (_("L2"), {**exploding, "l2": True}),
        "lower rate": (_("lower rate"), {**exploding, "learning_rate": 1e-5}),
        "40 layers": (_("40 layers"), {"depth": 40, "activation": "relu", "init": "he",
                                       "learning_rate": 0.01, "steps": 100}),
    }
    legend = [(figures.COLORS["gradient_descent"], _("measured")),
              (figures.COLORS["theory"], _("theory for wide layers; the loss of a guess")),
              (figures.COLORS["mark"], _("beyond the edge")),
              (figures.COLORS["quiet"], _("a change of 1 %"))]
    return Lab(_("The size of the gradient in each layer beside the theory, how far each layer's "
                 "weights have moved, and the loss of a short training"), _build, controls,
               presets, legend=legend, lines=4, start=start, size=(8.4, 3.3),
               twin_size=(2.8, 4.6),
               more=("init", "batch_size", "steps", "norm_limit", "value_limit", "lam",
                     "seed"),
               follow={"depth": lambda now: {"steps": steps_for(now["depth"], now["steps"])}})


@cache
def data():
    """Training x and y, test x and y."""
    (x, y), (x_test, y_test) = split(*digits(), rng=np.random.default_rng(2))
    return x, y, x_test, y_test


@lru_cache(4)
def prepared(depth, activation, init, gain, seed):
    """The network, its weights at the start, the signal of each layer and theory's."""
    network = Network((64, *[WIDTH] * depth, CLASSES), activation, init, gain)
    theta = network.initial(np.random.default_rng(seed))
    x, y = (part[:PROBE] for part in data()[:2])
    with np.errstate(all="ignore"):
        _loss, _handed_on, signals = network.backward(theta, x, y)
        norms = np.array([np.linalg.norm(signal) for signal in signals])
        factors = signal_factors(network, x)
        theory = norms[-1] * np.append(np.cumprod(factors[::-1])[::-1], 1)
    return network, theta, norms, theory


def train(network, theta, learning_rate, batch_size, steps, seed=0, norm=None, value=None,
          lam=0.0):
    """The data's losses, last weights, clipped gradients, by how much the first step turned.

    The training ends early when the loss is no finite number any more. norm, value and lam: the
    limits of clipping and the strength of L2, where they are used; the losses are without its
    penalty. The turn is in degrees.
    """
    losses, cut, angle = [], 0, 0.0

    def objective(theta, x, y):
        loss, grad = network.loss_and_gradient(theta, x, y)
        losses.append(float(loss))
        return loss, grad

    optimizer = gradient_descent
    if norm:
        optimizer = clipped(optimizer, norm=norm)
    if value:
        optimizer = clipped(optimizer, value=value)
    if lam:
        objective = with_l2(objective, lam, network.is_weight)
    x, y = data()[:2]
    feed = mini_batches(x, y, size=batch_size, rng=np.random.default_rng(seed))
    for k, step in enumerate(descend(objective, theta, optimizer, feed, lr=learning_rate)):
        if k == steps or not np.isfinite(step.loss):
            return np.array(losses), step.theta, cut, angle
        if norm or value:
            with np.errstate(all="ignore"):
                used = -optimizer(np.zeros_like(theta), step.grad, lr=1.0)[0]
            cut += not np.array_equal(used, step.grad)
            angle = angle if k else angle_between(step.grad, used)


@lru_cache(4)
def trained(start, learning_rate, batch_size, steps, **limits):
    """`train` from `prepared(*start)`, whose last part is the seed; a slider of no effect is quick."""
    network, weights, _norms, _theory = prepared(*start)
    return train(network, weights, learning_rate, batch_size, steps, start[-1], **limits)


def angle_between(a, b):
    """The angle between two vectors in degrees; 0 if one of them has no direction."""
    with np.errstate(all="ignore"):
        cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(np.clip(np.nan_to_num(cosine, nan=1.0), -1, 1))))


def relative_change(network, before, after):
    """How far the weights of each layer have moved, as a share of their length at the start."""
    with np.errstate(all="ignore"):
        return np.array([np.linalg.norm((new - old)[:-1]) / np.linalg.norm(old[:-1])
                         for old, new in zip(network.layers(before), network.layers(after))])


def _build(fig, compact):
    color, mark = figures.COLORS["gradient_descent"], figures.COLORS["mark"]
    theory_color, quiet = figures.COLORS["theory"], figures.COLORS["quiet"]
    if compact:
        places = [[.27, .57, .67, .36], [.27, .36, .67, .18], [.27, .1, .67, .16]]
    else:
        places = [[.105, .46, .44, .51], [.105, .16, .44, .25], [.63, .16, .35, .81]]
    signal, change, curve = (fig.add_axes(place) for place in places)
    line = {"color": color, "linewidth": 1.4, "markersize": 4, "animated": True}
    predicted, = signal.plot([], [], color=theory_color, linewidth=1.8, linestyle="--",
                             zorder=4, animated=True)
    measured, = signal.plot([], [], "o-", **{**line, "linewidth": 1, "markersize": 6})
    moved, = change.plot([], [], "o-", **line)
    falls, = curve.plot([], [], "-", **line)
    edges = {ax: [ax.plot([], [], shape, color=mark, markersize=5, clip_on=False, zorder=5,
                          animated=True)[0] for shape in "v^"] for ax in (signal, change, curve)}
    for ax, (low, high), name in [
            (signal, SIGNAL, r"$\Vert\partial L/\partial z_l\Vert$"),
            (change, CHANGE, r"$\Vert\Delta W_l\Vert\,/\,\Vert W_l\Vert$"),
            (curve, LOSS, "$L_B$")]:
        ax.set(yscale="log", ylim=(low, high), ylabel=name)
        ax.minorticks_off()
    change.axhline(LITTLE, color=quiet, linewidth=1.5)
    curve.axhline(np.log(CLASSES), color=theory_color, linewidth=1.6, linestyle="--")
    signal.set_yticks([1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6])
    change.set_yticks([1e-8, 1e-5, 1e-2, 1e1])
    change.yaxis.label.set_fontsize(9 if compact else rcParams["ytick.labelsize"])
    change.yaxis.labelpad += 0 if compact else 6        # beside the numbers above it
    curve.set_yticks([1, 100, 1e4] if compact else [1e-1, 1, 10, 100, 1e3, 1e4])
    signal.tick_params(labelbottom=False)
    change.set_xlabel("$l$", labelpad=0)
    curve.set_xlabel("$k$", labelpad=0)
    shown = {}

    def trace(ax, artist, x, values):
        """Draw the values; those beyond the edge at the edge, with a mark."""
        low, high = ax.get_ylim()
        values = within(values, 1e300)
        artist.set_data(x, np.clip(values, low, high))
        for edge, at, beyond in zip(edges[ax], (low, high), (values < low, values > high)):
            edge.set_data(x[beyond], np.full(beyond.sum(), at))

    def fit(axes, name, scales, value):
        """Take the first of the scales {end: ticks} that is long enough; a new one takes time."""
        end = next(end for end in scales if value <= end)
        if shown.get(name) != end:
            for ax in axes:
                ax.set(xlim=(0, end) if name == "k" else (.5, end + .5), xticks=scales[end])
            shown[name] = end

    def draw(depth, activation, gain, learning_rate, clip_norm, clip_value, l2, relu, fewer, init,
             batch_size, steps, norm_limit, value_limit, lam, seed):
        if relu:
            activation, init = "relu", "he"
        depth = 1 if fewer else depth
        start = depth, activation, init, gain, seed
        network, weights, norms, theory = prepared(*start)
        limits = {"norm": norm_limit if clip_norm else None,
                  "value": value_limit if clip_value else None, "lam": lam if l2 else 0.0}
        losses, last, cut, angle = trained(start, learning_rate, batch_size, steps, **limits)
        moves = relative_change(network, weights, last)
        layers = np.arange(1, depth + 2)
        fit([signal, change], "l", LAYERS, depth + 1)
        fit([curve], "k", ITERATIONS, steps)
        predicted.set_data(layers, theory)
        trace(signal, measured, layers, norms)
        trace(change, moved, layers, moves)
        trace(curve, falls, np.arange(len(losses)), losses)
        return (_signal_sentence(network, norms, theory) + " "
                + _training_sentence(network, last, learning_rate, losses, moves)
                + _remedy_sentences(network, weights, len(losses) - 1, cut, angle, **limits))

    return draw


def two_digits(value):
    """As `plain`, but what is tiny here is a finding: 8200, 0.38, 9.1e-26."""
    return f"{float(f'{value:.2g}'):g}"


def _signal_sentence(network, norms, theory):
    depth = len(norms) - 1
    with np.errstate(all="ignore"):
        shares = within(np.array([norms[0], theory[0]]) / norms[-1], 1e300)
    return _("{layers}, {activation}, {init}, gain {gain}: each layer further back multiplies the "
             "signal by {factor} (theory {theory}); the first layer's is {share} times the "
             "output's.").format(
        layers=count("{n} hidden layer", "{n} hidden layers", depth),
        activation=NAMES[network.activation], init=NAMES[network.init], gain=plain(network.gain),
        factor=plain(shares[0]**(1 / depth)), theory=plain(shares[1]**(1 / depth)),
        share=two_digits(shares[0]))


def _training_sentence(network, last, lr, losses, moves):
    k = len(losses) - 1
    still = int((moves < LITTLE).sum())
    if not np.isfinite(losses[-1]):
        text = _("At η = {lr} the weights blow up: at iteration {k} the loss is no finite number.")
    elif np.abs(losses).max() > 1000 * max(1, losses[0]):
        text = _("At η = {lr} it diverges; after {iterations} {accuracy} % of the test digits are "
                 "right.")
    else:
        text = _("After {iterations} at η = {lr}, {accuracy} % of the test digits are right; "
                 "of {layers} {still} moved by less than 1 %.")
    x_test, y_test = data()[2:]
    with np.errstate(all="ignore"):
        right = network.predict(within(last, 1e100), x_test) == y_test
    return text.format(lr=plain(lr), k=k, iterations=count("{n} iteration", "{n} iterations", k),
                       accuracy=round(100 * right.mean()), still=still,
                       layers=count("{n} layer", "{n} layers", len(moves)))


def _remedy_sentences(network, weights, k, cut, angle, norm, value, lam):
    text = ""
    if norm or value:
        text = " " + _("Clipping cut {cut} of {gradients} and turned the first by "
                       "{angle}°.").format(
            cut=cut, gradients=count("{n} gradient", "{n} gradients", k), angle=round(angle))
    if lam:
        grad = network.loss_and_gradient(weights, *(part[:PROBE] for part in data()[:2]))[1]
        share = lam * np.linalg.norm(weights * network.is_weight) / np.linalg.norm(grad)
        text += " " + _("L2 leaves the gradient of the data's loss as it is and adds λW, {share} "
                        "times as long.").format(share=two_digits(share))
    return text
