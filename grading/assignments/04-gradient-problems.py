"""What is asked in 04: gradients of weights, the factor a layer has, a spread for it, clipping."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def weight_gradient_norms(inputs, weights, slopes, signal):
    """The norm of dL/dW for each layer's weights, the first layer first. An array (layers,).

    inputs: what each layer takes in, a list of arrays (examples, n). weights: a list of (n, m).
    slopes: the derivatives of the activation, (examples, m), one for each layer but the last.
    signal: dL/dz at the output, (examples, m); L is a mean, and its 1/examples is in there.
    """
    norms = []
    for k in reversed(range(len(weights))):
        norms.insert(0, np.linalg.norm(inputs[k].T @ signal))
        if k:
            signal = (signal @ weights[k].T) * slopes[k - 1]
    return np.array(norms)


def factor_per_layer(norms):
    """The factor by which the signal changes from a layer back to the one before, on average.

    norms: of the signal at two layers or more, the first layer first, as signals are listed. The
    average is the geometric one. One number.
    """
    return (norms[0] / norms[-1])**(1 / (len(norms) - 1))


def std_for_depth(slopes, depth, share):
    """The weights' standard deviation that leaves this share of the signal after depth layers.

    slopes: derivatives of the activation at the units of one layer, (examples, width); all depth
    layers are alike. Each layer's factor is (width * std**2 * E[slope**2])**0.5. One number.
    """
    factor = share**(1 / depth)
    return factor / (slopes.shape[1] * np.mean(slopes**2))**0.5


def clip_layers(gradients, limit):
    """All layers' gradients, shortened together if they are longer than limit.

    gradients: a list of arrays of any shapes. The length is that of the one long vector which they
    make up; limit is above 0. A list of arrays of the same shapes.
    """
    length = sum(np.sum(g**2) for g in gradients)**0.5
    return [g * (limit / max(length, limit)) for g in gradients]


def _chain(rng, *sizes):
    """(inputs, weights, slopes, signal) of a network with these widths."""
    examples = 6
    return ([rng.normal(size=(examples, n)) for n in sizes[:-1]],
            [rng.normal(size=pair) for pair in zip(sizes, sizes[1:])],
            [rng.uniform(0.2, 1, (examples, n)) for n in sizes[1:-1]],
            rng.normal(size=(examples, sizes[-1])))


def _profiles(rng):
    """(norms,): signals that shrink or grow, each layer by a factor of its own."""
    return [(rng.uniform(0.5, 2) * np.cumprod(np.append(1, rng.uniform(*ends, n))),)
            for n, ends in ((2, (0.3, 0.8)), (3, (1.3, 3)), (5, (0.4, 2)), (7, (0.2, 0.9)),
                            (4, (1.1, 4)))]


def _layers(rng):
    """(slopes, depth, share): sigmoid-like slopes, gates of ReLU; shrinking, steady, growing."""
    return [(rng.uniform(0.05, 0.25, (5, 20)), 8, 0.5), (rng.uniform(0, 1, (4, 9)), 12, 1.0),
            ((rng.random((6, 30)) < 0.5) * 1.0, 10, float(rng.uniform(0.01, 0.1))),
            (rng.uniform(0.2, 1, (3, 7)), 5, float(rng.uniform(2, 9))),
            (rng.uniform(0, 0.25, (8, 12)), 20, float(rng.uniform(0.1, 0.4)))]


def _networks(rng):
    """(gradients, limit): long; short; each layer short but all together long; zeros; one layer."""
    def drawn(length):
        parts = [rng.normal(size=shape) for shape in ((4, 3), (3, 3), (3, 2))]
        return [part * length * rng.uniform(0.9, 1.1) / np.linalg.norm(part) for part in parts]

    return [(drawn(4), rng.uniform(1, 1.5)), (drawn(0.3), rng.uniform(1.5, 2)),
            (drawn(1), rng.uniform(1.2, 1.4)), ([np.zeros((2, 2)), np.zeros(3)], 0.5),
            ([rng.normal(2, 1, 5)], rng.uniform(0.5, 1)), (drawn(0.8), rng.uniform(1.7, 2))]


def _norms(inputs, weights, slopes, signal, norm=np.linalg.norm,
           back=lambda signal, w, slope: (signal @ w.T) * slope,
           own=lambda x, signal: x.T @ signal):
    """The solution with other parts."""
    norms = []
    for k in reversed(range(len(weights))):
        norms.insert(0, norm(own(inputs[k], signal)))
        if k:
            signal = back(signal, weights[k], slopes[k - 1])
    return np.array(norms)


def _never_handed_on(inputs, weights, slopes, signal):
    signals = [(signal @ w.T) * slope for w, slope in zip(weights[1:], slopes)]
    return np.array([np.linalg.norm(x.T @ s) for x, s in zip(inputs, [*signals, signal])])


def _factors(norms):
    return norms[:-1] / norms[1:]


def _length(gradients):
    return sum(np.sum(g**2) for g in gradients)**0.5


def _shortened(gradients, limit, length):
    return [g * limit / max(length(gradients), limit) for g in gradients]


ITEMS = (
    Item(Exercise(
        weight_gradient_norms,
        returns=_("an array with one norm for each layer of weights"),
        praise=_("the signal goes back layer by layer, and meets what each layer took in"),
        cases=lambda rng: [_chain(rng, 3, 3, 3, 3), _chain(rng, 4, 3, 2), _chain(rng, 5, 4, 3, 2),
                           _chain(rng, 2, 5, 5, 3, 1), _chain(rng, 3, 6, 6, 2)],
        mistakes=(
            Mistake("slopes-forgotten", said("signal_norms", "slopes-forgotten"),
                    lambda *a: _norms(*a, back=lambda signal, w, slope: signal @ w.T)),
            Mistake("not-transposed", said("signal_norms", "not-transposed"),
                    lambda *a: _norms(*a, back=lambda signal, w, slope: (signal @ w) * slope)),
            Mistake("output-first", said("signal_norms", "output-first"),
                    lambda *a: _norms(*a)[::-1]),
            Mistake("never-handed-on", said("signal_norms", "never-handed-on"),
                    _never_handed_on),
            Mistake("signal-alone",
                    _("these are the norms of the signals: the gradient of the weights is "
                      "inputs.T @ signal."),
                    lambda *a: _norms(*a, own=lambda x, signal: signal)),
            Mistake("averaged-again",
                    _("this divides by the number of examples once more: 1/examples is in the "
                      "signal already."),
                    lambda *a: _norms(*a, own=lambda x, signal: x.T @ signal / len(x))),
            Mistake("squared", said("signal_norms", "squared"),
                    lambda *a: _norms(*a)**2),
            Mistake("mean", said("signal_norms", "mean"),
                    lambda *a: _norms(*a, norm=lambda g: np.abs(g).mean()),
                    lambda *a: _norms(*a, norm=lambda g: np.mean(g**2)**0.5),
                    lambda *a: _norms(*a, norm=lambda g: np.mean(g**2))),
            Mistake("largest", said("signal_norms", "largest"),
                    lambda *a: _norms(*a, norm=lambda g: np.linalg.norm(g, 2)),
                    lambda *a: _norms(*a, norm=lambda g: np.abs(g).max())),
            Mistake("first-left-out",
                    _("the first layer is missing: it has weights too."),
                    lambda *a: _norms(*a)[1:]),
        )),
        points=4, costs={"slopes-forgotten": 2, "not-transposed": 2, "output-first": 1,
                         "never-handed-on": 3, "signal-alone": 3,
                         "averaged-again": 1, "squared": 1, "mean": 1, "largest": 1,
                         "first-left-out": 1}),
    Item(Exercise(
        factor_per_layer, cases=_profiles,
        returns=_("one number"),
        praise=_("to the power of the number of steps it leads from the last layer to the first"),
        mistakes=(
            Mistake("arithmetic-mean",
                    _("factors multiply: take the geometric mean, not the arithmetic one."),
                    lambda norms: np.mean(_factors(norms))),
            Mistake("turned-around",
                    _("this goes forwards: on its way back the signal goes from the last layer "
                      "to the first."),
                    lambda norms: 1 / factor_per_layer(norms)),
            Mistake("one-too-many",
                    _("between n layers there are n - 1 steps: the root is the (n - 1)-th."),
                    lambda norms: (norms[0] / norms[-1])**(1 / len(norms))),
            Mistake("all-layers",
                    _("this is the change over all layers: take the root, for one."),
                    lambda norms: norms[0] / norms[-1]),
            Mistake("divided",
                    _("dividing is for sums, and factors multiply: take the root."),
                    lambda norms: norms[0] / norms[-1] / (len(norms) - 1)),
            Mistake("logarithm",
                    _("this is the logarithm of the factor: take the exponential of it."),
                    lambda norms: np.log(factor_per_layer(norms))),
        )),
        points=2, costs={"arithmetic-mean": 1, "turned-around": 1, "one-too-many": 1,
                         "logarithm": 1}),
    Item(Exercise(
        std_for_depth, cases=_layers,
        returns=_("one number"),
        praise=_("the deeper the network, the less a layer may take"),
        mistakes=(
            Mistake("depth-forgotten",
                    _("this leaves the share after one layer: each of depth layers has its "
                      "depth-th root as factor."),
                    lambda s, depth, share: share * std_for_depth(s, depth, 1)),
            Mistake("divided-by-depth",
                    _("factors multiply: the share's depth-th root, not the share divided by "
                      "depth."),
                    lambda s, depth, share: share / depth * std_for_depth(s, depth, 1)),
            Mistake("root-forgotten",
                    _("under the line stands a root: the width times E[φ'²] is the factor of the "
                      "square."),
                    lambda s, depth, share: share**(1 / depth) / (s.shape[1] * np.mean(s**2))),
            Mistake("variance",
                    _("this is the variance of a weight: take its root."),
                    lambda s, depth, share: std_for_depth(s, depth, share)**2),
            Mistake("width-forgotten", said("layer_factor", "width-forgotten"),
                    lambda s, depth, share: share**(1 / depth) / np.mean(s**2)**0.5),
            Mistake("examples-for-width", said("layer_factor", "examples-for-width"),
                    lambda s, depth, share: share**(1 / depth) / (len(s) * np.mean(s**2))**0.5),
            Mistake("mean-before-square", said("layer_factor", "mean-before-square"),
                    lambda s, depth, share: share**(1 / depth) / s.shape[1]**0.5 / np.mean(s)),
            Mistake("slopes-not-squared", said("layer_factor", "slopes-not-squared"),
                    lambda s, depth, share: share**(1 / depth) / (s.shape[1] * np.mean(s))**0.5),
            Mistake("sum-over-examples", said("layer_factor", "sum-over-examples"),
                    lambda s, depth, share: share**(1 / depth) / np.sum(s**2)**0.5),
            Mistake("multiplied",
                    _("this is the factor that weights of std 1 would have, times the wanted "
                      "one: divide."),
                    lambda s, depth, share: share**(1 / depth) * (
                        s.shape[1] * np.mean(s**2))**0.5),
        )),
        points=4, costs={"depth-forgotten": 2, "divided-by-depth": 2, "root-forgotten": 2,
                         "variance": 1, "width-forgotten": 2, "examples-for-width": 1,
                         "mean-before-square": 1, "slopes-not-squared": 1,
                         "sum-over-examples": 1, "multiplied": 2}),
    Item(Exercise(
        clip_layers, cases=_networks,
        returns=_("a list of arrays of the same shapes"),
        praise=_("all layers are shortened by one factor, so the step keeps its direction"),
        mistakes=(
            Mistake("layer-by-layer",
                    _("each layer is clipped on its own, which turns the whole step: one length, "
                      "one factor for all."),
                    lambda gs, limit: [clip_layers([g], limit)[0] for g in gs]),
            Mistake("by-value", said("clip_by_norm", "by-value"),
                    lambda gs, limit: [np.clip(g, -limit, limit) for g in gs]),
            Mistake("lengths-added",
                    _("lengths don't add up, their squares do: the root of the sum of all "
                      "squares."),
                    lambda gs, limit: _shortened(gs, limit, lambda gs: sum(
                        np.linalg.norm(g) for g in gs))),
            Mistake("longest-layer",
                    _("this takes the longest layer for the whole: add up the squares of all."),
                    lambda gs, limit: _shortened(gs, limit, lambda gs: max(
                        np.linalg.norm(g) for g in gs))),
            Mistake("always-scaled", said("clip_by_norm", "always-scaled"),
                    lambda gs, limit: [g * (limit / _length(gs)) for g in gs],
                    lambda gs, limit: [g * (limit / max(_length(gs), 1e-300)) for g in gs]),
            Mistake("zero-over-zero", said("clip_by_norm", "zero-over-zero"),
                    lambda gs, limit: [g * (min(_length(gs), limit) / _length(gs)) for g in gs]),
            Mistake("square-of-the-norm", said("clip_by_norm", "square-of-the-norm"),
                    lambda gs, limit: _shortened(gs, limit, lambda gs: _length(gs)**2),
                    lambda gs, limit: [g * (limit / _length(gs)**2 if _length(gs) > limit else 1)
                                       for g in gs]),
            Mistake("unit-length", said("clip_by_norm", "unit-length"),
                    lambda gs, limit: [g / (_length(gs) if _length(gs) > limit else 1)
                                       for g in gs]),
            Mistake("dropped", said("clip_by_norm", "dropped"),
                    lambda gs, limit: [g * (_length(gs) <= limit) for g in gs]),
            Mistake("one-vector",
                    _("this is one long vector: give each layer its own array back."),
                    lambda gs, limit: np.concatenate([np.ravel(g) for g in clip_layers(
                        gs, limit)])),
        )),
        points=4, costs={"layer-by-layer": 2, "by-value": 3, "lengths-added": 2,
                         "longest-layer": 2, "always-scaled": 2, "zero-over-zero": 1,
                         "square-of-the-norm": 2, "unit-length": 2, "dropped": 2,
                         "one-vector": 1}),
)

QUESTIONS = (
    Question("four-cures", 3, """
The four cures: L2, fewer layers, a lower rate, clipping.

1 point: what each acts on. L2 adds λθ to the gradient (so it changes the gradient, and keeps the
weights small in the long run). Fewer layers change the network: fewer factors are multiplied. A
lower rate changes the step alone. Clipping changes the step where the gradient is longer than the
limit, by norm only its length. Three of four right is enough.

1 point: the rare batch. Clipping: it leaves the 999 other steps as they are, and a lower rate would
slow down all of them for the sake of one.

1 point: the network that explodes from the start. There every gradient is too long, because the
factor of a layer is above 1: clipping every step hides it (the direction is dominated by a few
layers, and the forward pass explodes as well). The cause is the initialisation (or depth,
activation): choose the standard deviation so that the factor is about 1; or fewer layers, residual
connections, normalisation. "A lower rate" alone earns nothing here.
"""),
)
