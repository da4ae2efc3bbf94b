"""Exercises on the signal through the layers, on clipping, and two derivatives to repair."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake


def signal_norms(weights, slopes, signal):
    """Norm of the signal dL/dz at each layer: first hidden layer first, the output last."""
    norms = [np.linalg.norm(signal)]
    for w, slope in zip(weights[::-1], slopes[::-1]):
        signal = (signal @ w.T) * slope
        norms.append(np.linalg.norm(signal))
    return np.array(norms[::-1])


def clip_by_norm(g, limit):
    """The gradient, shortened to the length limit if it is longer."""
    return g * (limit / max(np.linalg.norm(g), limit))


def layer_factor(std, slopes):
    """Theory's factor for the signal on its way back through a layer as wide as slopes."""
    width = slopes.shape[1]
    return (width * std**2 * np.mean(slopes**2))**0.5


def relu_signal(signal, w, a):
    """The signal dL/dz of a ReLU layer with outputs a, from the signal of the next layer."""
    return (signal @ w.T) * (a > 0)


def sigmoid_signal(signal, w, z):
    """The signal dL/dz of a sigmoid layer with inputs z, from the signal of the next layer."""
    a = 1 / (1 + np.exp(-z))
    return (signal @ w.T) * a * (1 - a)


def _chain(rng, *sizes):
    """Weights and slopes of a chain of layers, and a signal of 4 examples at its end."""
    return ([rng.normal(size=pair) for pair in zip(sizes, sizes[1:])],
            [rng.uniform(0.2, 1, (4, n)) for n in sizes[:-1]], rng.normal(size=(4, sizes[-1])))


def _norms(weights, slopes, signal, back=lambda signal, w, slope: (signal @ w.T) * slope,
           norm=np.linalg.norm, ordered=True):
    """The solution with other parts."""
    norms = [norm(signal)]
    for w, slope in zip(weights[::-1], slopes[::-1]):
        signal = back(signal, w, slope)
        norms.append(norm(signal))
    return np.array(norms[::-1] if ordered else norms)


def _never_handed_on(weights, slopes, signal):
    norms = [np.linalg.norm((signal @ w.T) * slope) for w, slope in zip(weights, slopes)]
    return np.array([*norms, np.linalg.norm(signal)])


def _layer(rng, n, m):
    """A signal, weights and what goes into a layer, some of it exactly 0."""
    z = rng.normal(size=(5, n)) * 1.5
    return rng.normal(size=(5, m)), rng.normal(size=(n, m)), z


def _relu_layer(rng, n, m):
    signal, w, z = _layer(rng, n, m)
    return signal, w, np.maximum(z, 0)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _in_place(g, limit):
    g *= limit / max(np.linalg.norm(g), limit)
    return g


def _clip(g, limit, length=np.linalg.norm):
    return g * limit / max(length(g), limit)


EXERCISES = (
    Exercise(
        signal_norms,
        returns=_("an array with one norm a layer, one more than there are weight matrices"),
        praise=_("each layer hands its signal on to the one before"),
        cases=lambda rng: [_chain(rng, 3, 3, 3), _chain(rng, 4, 3, 2), _chain(rng, 5, 4, 3, 2)],
        mistakes=(
            Mistake("slopes-forgotten",
                    _("the derivative φ'(z) is missing: multiply what comes through the weights "
                      "by the layer's slopes."),
                    lambda *a: _norms(*a, back=lambda signal, w, slope: signal @ w.T)),
            Mistake("weights-forgotten",
                    _("the weights are missing: the signal goes back through w.T first."),
                    lambda *a: _norms(*a, back=lambda signal, w, slope: signal * slope)),
            Mistake("not-transposed",
                    _("backwards the weights are transposed: signal @ w.T."),
                    lambda *a: _norms(*a, back=lambda signal, w, slope: (signal @ w) * slope)),
            Mistake("slope-first",
                    _("the slopes belong to the layer where the signal arrives: first through "
                      "w.T, then times the slopes."),
                    lambda *a: _norms(*a, back=lambda signal, w, slope: (signal * slope) @ w.T)),
            Mistake("forwards",
                    _("the signal starts at the output: go through the layers from the last to "
                      "the first."),
                    lambda weights, slopes, signal: _norms(weights[::-1], slopes[::-1], signal)),
            Mistake("output-first",
                    _("the order is turned around: the first hidden layer comes first."),
                    lambda *a: _norms(*a, ordered=False)),
            Mistake("never-handed-on",
                    _("every layer starts again from the output's signal: hand on the signal of "
                      "the layer after."),
                    _never_handed_on),
            Mistake("output-left-out",
                    _("the output's own norm is missing at the end."),
                    lambda *a: signal_norms(*a)[:-1]),
            Mistake("squared",
                    _("these are squares: the norm is the root of the sum of squares."),
                    lambda *a: _norms(*a, norm=lambda s: (s**2).sum())),
            Mistake("mean",
                    _("this is a mean over the numbers, not the norm: use np.linalg.norm."),
                    lambda *a: _norms(*a, norm=lambda s: np.abs(s).mean()),
                    lambda *a: _norms(*a, norm=lambda s: (s**2).mean()**0.5),
                    lambda *a: _norms(*a, norm=lambda s: (s**2).mean())),
            Mistake("largest",
                    _("this is the largest part or the spectral norm: take the root of the sum "
                      "of all squares."),
                    lambda *a: _norms(*a, norm=lambda s: np.abs(s).max()),
                    lambda *a: _norms(*a, norm=lambda s: np.linalg.norm(s, 2))),
        )),
    Exercise(
        clip_by_norm,
        returns=_("an array of the gradient's shape"),
        praise=_("a long gradient keeps its direction, a short one stays as it is"),
        cases=lambda rng: [(np.array([3.0, 4.0]), 1.0), (np.array([0.3, -0.4]), 1.0),
                           (rng.normal(size=6) * 10, 2.5), (np.zeros(3), 0.5),
                           (np.array([1.5, -1.5]), 2.0), (np.array([1.5, -0.9]), 2.0),
                           (np.array([0.6, 0.6, -0.7]), 1.0)],
        mistakes=(
            Mistake("by-value",
                    _("this cuts each component on its own, which turns the gradient: shorten "
                      "the whole vector by one factor."),
                    lambda g, limit: np.clip(g, -limit, limit),
                    lambda g, limit: np.minimum(g, limit)),
            Mistake("always-scaled",
                    _("short gradients are stretched to the limit: leave those alone that are "
                      "not longer than it."),
                    lambda g, limit: g / np.linalg.norm(g) * limit,
                    lambda g, limit: g / max(np.linalg.norm(g), 1e-300) * limit),
            Mistake("zero-over-zero",
                    _("a gradient of 0 has no direction, and dividing by its length gives NaN: "
                      "divide only where it is longer than the limit."),
                    lambda g, limit: g / np.linalg.norm(g) * min(np.linalg.norm(g), limit)),
            Mistake("dropped",
                    _("a long gradient is thrown away: keep its direction and shorten it."),
                    lambda g, limit: g * (np.linalg.norm(g) <= limit)),
            Mistake("unit-length",
                    _("a long gradient gets length 1: it should get the length limit."),
                    lambda g, limit: g / np.linalg.norm(g) if np.linalg.norm(g) > limit else g),
            Mistake("short-ones-clipped",
                    _("the comparison is turned around: change the gradient where its norm is "
                      "above the limit."),
                    lambda g, limit: g * limit / np.linalg.norm(g)
                    if np.linalg.norm(g) < limit else g,
                    lambda g, limit: g * (limit / min(np.linalg.norm(g), limit))),
            Mistake("square-of-the-norm",
                    _("this compares or divides by the square of the norm: take the root of the "
                      "sum of squares."),
                    lambda g, limit: _clip(g, limit, lambda g: g @ g),
                    lambda g, limit: g * limit / np.linalg.norm(g) if g @ g > limit else g,
                    lambda g, limit: g * limit / (g @ g) if np.linalg.norm(g) > limit else g),
            Mistake("another-norm",
                    _("this is another norm, the largest component or the sum of sizes: use the "
                      "length, np.linalg.norm(g)."),
                    lambda g, limit: _clip(g, limit, lambda g: np.abs(g).max()),
                    lambda g, limit: _clip(g, limit, lambda g: np.abs(g).sum())),
            Mistake("multiplied-by-the-limit",
                    _("the limit is multiplied in without dividing by the norm."),
                    lambda g, limit: g * limit if np.linalg.norm(g) > limit else g,
                    lambda g, limit: g * limit),
            Mistake("in-place",
                    _("*= changes the caller's gradient: make a new array."),
                    _in_place),
        )),
    Exercise(
        layer_factor,
        returns=_("one number"),
        praise=_("width, weights and slopes are all in it, and the root"),
        cases=lambda rng: [(0.5, rng.uniform(0, 1, (6, 4))), (0.1, rng.uniform(0, 1, (5, 50))),
                           (2.0, (rng.normal(size=(3, 8)) > 0) * 1.0)],
        mistakes=(
            Mistake("root-forgotten",
                    _("this is the factor of the square of the norm: take the root."),
                    lambda std, s: s.shape[1] * std**2 * np.mean(s**2)),
            Mistake("mean-before-square",
                    _("square first, then average: E[φ'²] is not E[φ']²."),
                    lambda std, s: (s.shape[1] * std**2)**0.5 * np.mean(s)),
            Mistake("width-forgotten",
                    _("the width is missing: as many units as the layer has add up their squares."),
                    lambda std, s: (std**2 * np.mean(s**2))**0.5),
            Mistake("examples-for-width",
                    _("shape[0] is the number of examples: the width is shape[1]."),
                    lambda std, s: (s.shape[0] * std**2 * np.mean(s**2))**0.5,
                    lambda std, s: (len(s) * std * np.mean(s**2))**0.5),
            Mistake("std-not-squared",
                    _("under the root stands the variance of a weight: square std."),
                    lambda std, s: (s.shape[1] * std * np.mean(s**2))**0.5),
            Mistake("slopes-not-squared",
                    _("under the root stand squares: square the slopes before you average."),
                    lambda std, s: (s.shape[1] * std**2 * np.mean(s))**0.5),
            Mistake("sum-over-examples",
                    _("this adds up the examples too: average over them, the factor is that of "
                      "one example."),
                    lambda std, s: (std**2 * np.sum(s**2))**0.5,
                    lambda std, s: (s.shape[1] * std**2 * np.sum(s**2))**0.5),
            Mistake("width-outside-the-root",
                    _("the width stands under the root: variances add up, not sizes."),
                    lambda std, s: s.shape[1] * std * np.mean(s**2)**0.5),
        )),
    Exercise(
        relu_signal,
        returns=_("an array of the shape of a"),
        praise=_("a unit that is off lets no signal through"),
        cases=lambda rng: [_relu_layer(rng, 3, 3), _relu_layer(rng, 4, 2), _relu_layer(rng, 2, 5)],
        mistakes=(
            Mistake("as-given",
                    _("not repaired yet: where a unit is off, moving its input changes no loss, "
                      "and yet this hands a signal back to it."),
                    lambda signal, w, a: (signal @ w.T) * (a >= 0)),
            Mistake("gate-turned-around",
                    _("this lets the signal through where the unit is off: turn the comparison "
                      "around."),
                    lambda signal, w, a: (signal @ w.T) * (a <= 0),
                    lambda signal, w, a: (signal @ w.T) * (a == 0)),
            Mistake("times-the-output",
                    _("this multiplies by the output a: the slope of the ReLU is 1 or 0."),
                    lambda signal, w, a: (signal @ w.T) * a),
            Mistake("gate-on-the-signal",
                    _("this switches off where the signal is negative: what counts is whether "
                      "the unit was on, a."),
                    lambda signal, w, a: np.maximum(signal @ w.T, 0),
                    lambda signal, w, a: (signal @ w.T) * (signal @ w.T > 0) * (a > 0)),
            Mistake("gate-too-high",
                    _("the slope is 1 wherever a is above 0, not only above 1."),
                    lambda signal, w, a: (signal @ w.T) * (a > 1),
                    lambda signal, w, a: (signal @ w.T) * (a >= 1)),
            Mistake("not-transposed",
                    _("backwards the weights are transposed: signal @ w.T."),
                    lambda signal, w, a: (signal @ w) * (a > 0)),
        )),
    Exercise(
        sigmoid_signal,
        returns=_("an array of the shape of z"),
        praise=_("the slope is taken at z, and at most 1/4"),
        cases=lambda rng: [_layer(rng, 3, 3), _layer(rng, 4, 2), _layer(rng, 2, 5)],
        mistakes=(
            Mistake("as-given",
                    _("not repaired yet: at z = 0 the slope should be 0.25, and for large z next "
                      "to 0; here it never falls below 0.19."),
                    lambda signal, w, z: (signal @ w.T) * _sigmoid(_sigmoid(z))
                    * (1 - _sigmoid(_sigmoid(z)))),
            Mistake("output-formula-on-the-input",
                    _("a (1 - a) takes the output: put σ(z) in, not z."),
                    lambda signal, w, z: (signal @ w.T) * z * (1 - z)),
            Mistake("slope-of-tanh",
                    _("1 - a² is the slope of tanh: that of the sigmoid is a (1 - a)."),
                    lambda signal, w, z: (signal @ w.T) * (1 - _sigmoid(z)**2),
                    lambda signal, w, z: (signal @ w.T) * (1 - np.tanh(z)**2)),
            Mistake("half-the-slope",
                    _("one of the two factors is missing: the slope is a (1 - a)."),
                    lambda signal, w, z: (signal @ w.T) * _sigmoid(z),
                    lambda signal, w, z: (signal @ w.T) * (1 - _sigmoid(z))),
            Mistake("slope-forgotten",
                    _("the slope is missing: multiply by a (1 - a)."),
                    lambda signal, w, z: signal @ w.T),
            Mistake("not-transposed",
                    _("backwards the weights are transposed: signal @ w.T."),
                    lambda signal, w, z: (signal @ w) * _sigmoid(z) * (1 - _sigmoid(z))),
        )),
)
