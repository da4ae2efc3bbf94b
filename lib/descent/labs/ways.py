"""Chapter 03: three ways downhill, on penguins."""

from functools import cache
from time import perf_counter

import numpy as np
from matplotlib.ticker import MaxNLocator

from .. import figures
from ..batches import epoch_length, full_batch, mini_batches, random_batches
from ..data import penguins
from ..language import _, count
from ..networks import Network
from ..optimizers import gradient_descent
from ..training import descend, record
from .engine import Choice, Lab, Number, Switch, geometric, plain, powers, round_up, within

WAYS = ("full_batch", "random_batches", "mini_batches")
LINE = Network((1, 1), activation="identity", loss="mean_squared_error")   # theta = slope, level
START = {"shifted": (-.6, .6), "standardised": (-.8, 2.2), "raw": (0., 0.)}
DOMAIN = {"shifted": ((-1.0, 2.0), (0.0, 5.2)), "standardised": ((-1.4, 2.8), (1.6, 5.8)),
          "raw": ((-20., 80.), (-8000., 4000.))}
RATES = {"shifted": 0.05, "standardised": 0.1, "raw": 1e-5}
FLOOR, CEILING = 1e-6, 1e2          # what the loss curve shows
DRAWS = 1000                        # batch gradients in the cloud
data = cache(penguins)


@cache
def bowl(scale):
    """The true loss of a line through the penguins: objective, minimum, lowest loss, Hessian.

    The mean squared error of a line is a quadratic, so three gradients give it everywhere.
    """
    x, y = data(scale)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    slope, *ends = LINE.loss_and_gradient(corners, x, y)[1]
    hessian = np.array(ends) - slope
    minimum = np.linalg.solve(hessian, -slope)
    lowest = float(LINE.loss_and_gradient(minimum, x, y)[0])

    def objective(theta):
        grad = (theta - minimum) @ hessian
        return lowest + np.add.reduce((theta - minimum) * grad, axis=-1) / 2, grad

    return objective, minimum, lowest, hessian


def gradient_cloud(scale, theta, size, replace, draws=DRAWS, seed=0):
    """Gradients of many random batches at theta (draws, 2), their mean, and sigma^2 over examples.

    sigma^2 is the mean squared distance of one example's gradient from the mean.
    """
    x, y = data(scale)
    each = LINE.loss_and_gradient(np.tile(np.asarray(theta, float), (len(y), 1)),
                                  x[:, None, :], y[:, None])[1]
    mean = each.mean(axis=0)
    batches = random_batches(each, size=size, rng=np.random.default_rng(seed), replace=replace)
    cloud = np.array([next(batches)[0].mean(axis=0) for _draw in range(draws)])
    return cloud, mean, np.cov(each.T, bias=True)


def shrinkage(n, size, replace):
    """What the variance of one example's gradient is multiplied by in a batch's."""
    return 1 / size * (1 if replace else (n - size) / (n - 1))


def three_ways(**start):
    """The lab: batch, random batches and mini-batches under one budget, and their noise."""
    controls = {
        "learning_rate": Number(_("learning rate η"), geometric(1e-6, 1), 0.05, r"\eta"),
        "batch_size": Number(_("batch size B"), powers(342), 16, "B"),
        "x_axis": Choice(_("horizontal axis"), {
            "epochs": _("epochs"), "iterations": _("iterations"), "examples": _("examples seen"),
            "seconds": _("seconds")}, "epochs"),
        "scale": Choice(_("flipper length as"), {
            "shifted": _("(mm − 180) / 10"), "standardised": _("standardised"),
            "raw": _("mm, and mass in g")}, "shifted"),
        "epochs": Number(_("budget in epochs"), [1, 2, 5, 10, 20, 50], 10, "e"),
        "replace": Switch(_("random batches drawn with replacement")),
        "seed": Number(_("seed"), range(10), 0, "s"),
    }
    presets = {
        "a good rate": (_("a good rate"), {}),
        "one at a time": (_("one at a time"),
                          {"batch_size": 1, "learning_rate": 0.01, "epochs": 5}),
        "four times the batch": (_("four times the batch"), {"batch_size": 64}),
        "all examples": (_("all examples"), {"batch_size": 342}),
        "too fast": (_("too fast"), {"learning_rate": 0.15}),
        "standardised": (_("standardised"), {"scale": "standardised"}),
        "raw": (_("raw units"), {"scale": "raw"}),
    }
    legend = [(figures.COLORS["full_batch"], _("batch (all examples)")),
              (figures.COLORS["random_batches"], _("random batches")),
              (figures.COLORS["mini_batches"], _("mini-batches")),
              (figures.COLORS["theory"], _("theory: two standard deviations"))]
    return Lab(_("Three paths down the loss of a line through the penguins, their losses, and a "
                 "cloud of batch gradients"), _build, controls, presets, legend=legend, lines=3,
               more=("epochs", "replace", "seed"), start=start, twin_size=(4.2, 3.8),
               follow={"scale": lambda now: {"learning_rate": RATES[now["scale"]]}})


def _build(fig, compact):
    colors = figures.COLORS
    if compact:
        places = [[left, .57, .25, .36] for left in (.15, .42, .69)]
        falls, haze = fig.add_axes([.26, .14, .68, .27]), None
    else:
        places = [[left, .2, .17, .75] for left in (.07, .25, .43)]
        falls, haze = fig.add_axes([.715, .65, .27, .3]), fig.add_axes([.715, .2, .27, .24])
    boards = {way: fig.add_axes(place) for way, place in zip(WAYS, places)}
    paths = {way: board.plot([], [], "-", color=colors[way], linewidth=1.4, markersize=3,
                             zorder=5, animated=True)[0] for way, board in boards.items()}
    rings = [board.plot([], [], "o", markersize=9, markerfacecolor="white",
                        markeredgecolor=colors[way], markeredgewidth=2, zorder=6,
                        animated=True)[0] for way, board in boards.items()]
    losses = {way: falls.plot([], [], color=colors[way], linewidth=1.6, markersize=4,
                              animated=True)[0] for way in WAYS}
    falls.set(yscale="log", ylim=(FLOOR, CEILING), yticks=[1e-6, 1e-4, 1e-2, 1, 1e2])
    falls.set_ylabel(r"$\frac{L - L^*}{L_0 - L^*}$", labelpad=6, fontsize=16)
    falls.minorticks_off()
    boards["full_batch"].yaxis.set_major_formatter(
        lambda v, _position: f"{v:g}" if abs(v) < 1000 else f"{v / 1000:g}k".replace("-", "−"))
    if haze:
        dots, = haze.plot([], [], ".", color=colors["random_batches"], markersize=2.5, alpha=.6,
                          animated=True)
        ring2, = haze.plot([], [], color=colors["theory"], linewidth=1.6, animated=True)
        haze.plot(0, 0, "+", color="black", markersize=10)
        haze.set_xlabel(r"$(g_B - g)_1\,/\,\sigma_1$", labelpad=3)
        haze.set_ylabel(r"$(g_B - g)_2\,/\,\sigma_2$", labelpad=6)
        haze.set(xlim=(-4, 4), ylim=(-2.2, 2.2), xticks=[-2, 0, 2], yticks=[-2, 0, 2])
    shown, scenery = {}, []

    def set_scene(scale):
        shown["scale"], shown["bowl"] = scale, bowl(scale)
        for artist in scenery:
            artist.remove()
        scenery.clear()
        for way, board in boards.items():
            before = set(board.get_children())
            figures.contours(board, shown["bowl"][0], DOMAIN[scale], points=81)
            board.plot(*shown["bowl"][1], "*", color="black", markersize=11, zorder=4)
            board.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], prune="both"))
            board.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 4, 5, 10]))
            if way == "full_batch":
                board.set_ylabel(board.get_ylabel(), labelpad=2)
            else:
                board.set_ylabel("")
                board.tick_params(labelleft=False)
            scenery.extend(a for a in board.get_children() if a not in before)
        for ring in rings:
            ring.set_data(*np.array(START[scale])[:, None])

    def draw(learning_rate, batch_size, x_axis, scale, epochs, replace, seed):
        if shown.get("scale") != scale:
            set_scene(scale)
        _objective, minimum, _lowest, hessian = shown["bowl"]
        x, y = data(scale)
        n = len(y)
        per_epoch = {way: 1 if way == "full_batch" else epoch_length(n, batch_size) for way in WAYS}
        feeds = {"full_batch": full_batch(x, y),
                 "random_batches": random_batches(x, y, size=batch_size, replace=replace,
                                                  rng=np.random.default_rng(seed)),
                 "mini_batches": mini_batches(x, y, size=batch_size,
                                              rng=np.random.default_rng(seed + 100))}
        last, widest = {}, 0.0
        for way, feed in feeds.items():
            begun = perf_counter()
            run = record(descend(LINE.loss_and_gradient, START[scale], gradient_descent, feed,
                                 lr=learning_rate), epochs * per_epoch[way] + 1, keep=("theta",))
            seconds = perf_counter() - begun
            theta = within(run.theta, 1e12)
            away = theta - minimum
            gap = np.einsum("ki,ij,kj->k", away, hessian, away)
            gap /= gap[0]                       # (L - L*) / (L0 - L*), exact on a quadratic
            k = np.arange(len(gap))
            along = {"iterations": k, "epochs": k / per_epoch[way],
                     "examples": np.minimum(k * (n if way == "full_batch" else batch_size),
                                            n * epochs),
                     "seconds": k * seconds / len(k)}[x_axis]
            few = "o" if len(k) <= 25 else ""
            limit = 20 * np.abs(DOMAIN[scale]).max()
            paths[way].set(xdata=np.clip(theta[:, 0], -limit, limit),
                           ydata=np.clip(theta[:, 1], -limit, limit), marker=few)
            losses[way].set(xdata=along, ydata=np.clip(gap, FLOOR / 10, CEILING * 1e3), marker=few)
            last[way], widest = (len(k) - 1, gap), max(widest, along[-1])
        symbol = {"iterations": "$k$", "epochs": "$e$", "examples": "$k B$",
                  "seconds": "$t$ / s"}[x_axis]
        if x_axis == "seconds":
            widest = round_up(widest)
        if shown.get("axis") != (x_axis, widest):
            falls.set_xlabel(symbol)
            falls.set_xlim(0, widest)
            falls.xaxis.set_major_locator(MaxNLocator(2 if x_axis == "seconds" else 5,
                                                      steps=[1, 2, 5, 10]))
            shown["axis"] = x_axis, widest
        key = scale, batch_size, replace, seed
        if shown.get("cloud_key") != key:
            shown["cloud"] = gradient_cloud(scale, minimum, batch_size, replace, seed=seed)
            shown["cloud_key"] = key
        cloud, mean, covariance = shown["cloud"]
        factor = shrinkage(n, batch_size, replace)
        if haze:
            sigma = np.sqrt(np.diag(covariance))
            dots.set_data(*((cloud - mean) / sigma).T)
            values, axes = np.linalg.eigh(covariance / np.outer(sigma, sigma) * factor)
            turn = np.linspace(0, 2 * np.pi, 60)
            circle = 2 * np.sqrt(np.maximum(values, 0))[:, None] * [np.cos(turn), np.sin(turn)]
            ring2.set_data(*(axes @ circle))
        measured = float(((cloud - mean)**2).sum(axis=1).mean())
        return _summary(learning_rate, batch_size, epochs, last, measured,
                        float(np.trace(covariance)) * factor, replace,
                        2 / np.linalg.eigvalsh(hessian)[-1])

    return draw


def _summary(lr, size, epochs, last, measured, theory, replace, stable):
    finished = []

    def end(way):
        k, gap = last[way]
        high = ~(gap <= 1000)
        if high.any():
            return _("diverges at iteration {k}").format(k=int(high.argmax()))
        finished.append(way)                # the unit is named with the first
        iterations = count("{n} iteration", "{n} iterations", k) if len(finished) == 1 else k
        return _("{gap} after {iterations}").format(gap=plain(gap[-1], 2), iterations=iterations)

    text = _("η = {lr}, B = {size}, {epochs}. What is left of L − L*: batch: {full}; random "
             "batches: {random}; mini-batches: {mini}.").format(
                 lr=plain(lr), size=size, epochs=count("{n} epoch", "{n} epochs", epochs),
                 full=end("full_batch"), random=end("random_batches"), mini=end("mini_batches"))
    noise = (_("Variance of a random batch's gradient at the minimum: {measured}; theory, σ²/B: "
               "{theory}.") if replace else
             _("Variance of a random batch's gradient at the minimum: {measured}; theory, "
               "σ²/B · (N − B)/(N − 1): {theory}."))
    return (text + " " + noise.format(measured=plain(measured), theory=plain(theory)) + " "
            + _("Batch descent is stable below η = 2/λ = {limit}.").format(
                limit=plain(stable)))
