"""Chapter 05: five methods race, on a surface or on digits."""

from functools import lru_cache
from itertools import repeat
from time import perf_counter
from typing import NamedTuple

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from .. import figures, optimizers
from ..batches import mini_batches
from ..language import _, grouped
from ..networks import LOSSES
from ..surfaces import ravine
from ..training import descend, record
from .engine import Choice, Lab, Number, Switch, geometric, plain, powers, round_up, within
from .heat import data
from .surface import RATES as SURFACE_RATES
from .surface import STEPS, SURFACES

SURFACES = {"ravine": SURFACES["ravine"], "ravine_turned": ravine(angle=np.pi / 4), **SURFACES}
RATES = {**SURFACE_RATES, "ravine_turned": SURFACE_RATES["ravine"], "digits": 0.1}
METHODS = ("gradient_descent", "momentum", "nesterov", "rmsprop", "adam")
KNOBS = {"gradient_descent": (), "momentum": ("beta",), "nesterov": ("beta",),
         "rmsprop": ("rho", "eps"), "adam": ("beta1", "beta2", "eps")}
DECAYS = [0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999]
EPSILONS = [0.0, *(10.0**k for k in range(-12, 1))]
GRID = geometric(1e-4, 10, per_decade=10)
NEAR = 0.05                         # at a minimum: no farther away than this
FLOOR, CEILING = 1e-8, 1e4          # what the loss curve shows on a surface
GOAL = 0.9                          # the share of the test digits to get right


def team(methods):
    """One optimizer for theta (methods, P): row i moves as the i-th of {name: hyperparameters}."""
    def step(theta, g, **memory):
        moved, kept = np.empty_like(theta), {}
        for i, (name, hyper) in enumerate(methods.items()):
            moved[i], kept[name] = getattr(optimizers, name)(theta[i], g[i],
                                                             **memory.get(name, {}), **hyper)
        return moved, kept

    return step


def arrivals(surface, theta):
    """From which iteration on each run (T, ..., 2) stays at one minimum, inf if not; and which.

    To stay takes the last twentieth of the run: who happens to pass at its end has not arrived.
    """
    near = surface.nearest(within(theta), within=NEAR)
    away = near != near[-1]
    first = np.where(away.any(axis=0), len(near) - away[::-1].argmax(axis=0), 0)
    return np.where((near[-1] >= 0) & (first < 0.95 * len(near)), first, np.inf), near[-1]


@lru_cache(maxsize=256)
def best_rate(surface, start, steps, method, hyper=()):
    """The rate of GRID with which a method is first at a minimum to stay, from this start.

    hyper: pairs (name, value). Where no rate gets there in so many steps, the one that ends lowest.
    """
    chosen = SURFACES[surface]
    run = record(descend(chosen, np.tile(start, (len(GRID), 1)), getattr(optimizers, method),
                         lr=np.array(GRID)[:, None], **dict(hyper)), steps + 1, ("theta", "loss"))
    first, _which = arrivals(chosen, run.theta)
    lowest = np.where(run.diverged > 0, np.inf, within(run.loss[-1], 1e300))
    return GRID[np.lexsort((lowest, first))[0]]


SIZES = powers(256)
# For each of SIZES the rate of GRID[tune_on_digits(size, method).argmax()].
DIGITS_RATES = {
    "gradient_descent": [0.05, 0.13, 0.2, 0.32, 0.32, 0.4, 0.5, 0.5, 0.5],
    "momentum": [0.0079, 0.013, 0.04, 0.05, 0.1, 0.16, 0.25, 0.32, 0.4],
    "nesterov": [0.0079, 0.02, 0.04, 0.079, 0.13, 0.2, 0.32, 0.32, 0.32],
    "rmsprop": [0.013, 0.013, 0.016, 0.016, 0.016, 0.016, 0.016, 0.016, 0.016],
    "adam": [0.013, 0.016, 0.025, 0.025, 0.025, 0.04, 0.04, 0.04, 0.04],
}


def best_on_digits(method, batch_size):
    """The stored best rate for the nearest of the stored batch sizes."""
    return DIGITS_RATES[method][int(np.abs(np.log(np.array(SIZES) / batch_size)).argmin())]


def tune_on_digits(batch_size, method, grid=GRID, seeds=range(1000, 1016), steps=100):
    """Share (rates,) of the training digits that is right, averaged over the way and the seeds.

    The method has its usual hyperparameters; the seeds are others than the lab's.
    """
    network, x, y, _x_test, _y_test = data("digits")
    score = np.zeros(len(grid))
    for seed in seeds:
        rng = np.random.default_rng(seed)
        theta = np.tile(network.initial(rng), (len(grid), 1))
        run = record(descend(network.loss_and_gradient, theta, getattr(optimizers, method),
                             mini_batches(x, y, size=batch_size, rng=rng),
                             lr=np.array(grid)[:, None]), steps + 1, keep=("theta",))
        with np.errstate(all="ignore"):
            guess = network.predict(within(run.theta[::10], 1e100), x[:500])
        score += (guess == y[:500]).mean(axis=(0, -1)) / len(seeds)
    return score


def race(**start):
    """The lab: gradient descent, Momentum, Nesterov, RMSProp and Adam from one start."""
    def domain(name, axis):
        return [round(float(v), 3) for v in np.linspace(*SURFACES[name].domain[axis], 81)]

    def choose(settings):
        name = settings["surface"]
        place = "ravine" if name == "digits" else name
        x, y = (round(v, 3) for v in SURFACES[place].start)
        return {"learning_rate": RATES[name], "rates": settings["rates"],
                "start_x": (domain(place, 0), x), "start_y": (domain(place, 1), y),
                "steps": (STEPS[:6] if name == "digits" else STEPS, 100)}

    called = method_names()
    controls = {
        "surface": Choice(_("where"), {
            "ravine": _("ravine"), "ravine_turned": _("ravine, turned"),
            "double_well": _("double well"), "saddle": _("saddle"), "rosenbrock": "Rosenbrock",
            "beale": "Beale", "himmelblau": "Himmelblau", "digits": _("digits, a network")},
            "ravine"),
        "rates": Choice(_("rates"), {"one": _("one rate for all"),
                                     "best": _("each at its best")}, "one"),
        "learning_rate": Number(_("learning rate η"), geometric(1e-4, 10), 0.02),
        "steps": Number(_("number of steps"), STEPS, 100, "k"),
        "batch_size": Number(_("batch size (digits)"), SIZES, 32, "B"),
        "x_axis": Choice(_("horizontal axis"), {
            "iterations": _("iterations"), "examples": _("gradients computed"),
            "distance": _("distance walked"), "seconds": _("seconds")}, "iterations"),
        "beta": Number(_("β of Momentum"), DECAYS, 0.9, r"\beta"),
        "rho": Number(_("ρ of RMSProp"), DECAYS, 0.9, r"\rho"),
        "beta1": Number(_("β₁ of Adam"), DECAYS, 0.9, r"\beta_1"),
        "beta2": Number(_("β₂ of Adam"), DECAYS, 0.999, r"\beta_2"),
        "eps": Number(_("ε, RMSProp, Adam"), EPSILONS, 1e-8, r"\varepsilon"),
        "start_x": Number(_("start θ₁"), domain("ravine", 0), -4.0),
        "start_y": Number(_("start θ₂"), domain("ravine", 1), 1.0),
        "seed": Number(_("seed (digits)"), range(10), 0, "s"),
        **{method: Switch(called[method], True) for method in METHODS},
    }
    presets = {
        "one rate for all": (_("one rate for all"), {}),
        "each at its best": (_("each at its best"), {"rates": "best"}),
        "ravine": (_("ravine"), {"learning_rate": 0.05}),
        "turned ravine": (_("turned ravine"),
                          {"surface": "ravine_turned", "learning_rate": 0.05}),
        "two wells": (_("two wells"), {"surface": "double_well", "learning_rate": 0.05}),
        "saddle": (_("saddle"), {"surface": "saddle", "learning_rate": 0.05}),
        "Rosenbrock": (_("Rosenbrock"), {"surface": "rosenbrock", "rates": "best", "steps": 500}),
        "digits": (_("digits"), {"surface": "digits"}),
        "digits, each at its best": (_("digits, each at its best"),
                                     {"surface": "digits", "rates": "best"}),
    }

    def point(x, y):
        on_board = lab.settings["surface"] != "digits"
        return {"start_x": round(x, 3), "start_y": round(y, 3)} if on_board else {}

    lab = Lab(_("The paths of five methods from one start, or their accuracy on digits; their "
                "losses; their learning rates"), _build, controls, presets, lines=4, start=start,
              keep=METHODS, more=tuple(controls)[4:], point=point,
              legend=[(figures.COLORS[method], called[method], method) for method in METHODS],
              follow={"surface": choose, "learning_rate": lambda _settings: {"rates": "one"}})
    return lab


def method_names():
    """The name of each of METHODS in the chosen language."""
    return {"gradient_descent": _("gradient descent"), "momentum": _("Momentum"),
            "nesterov": _("Nesterov"), "rmsprop": _("RMSProp"), "adam": _("Adam")}


def _build(fig, compact):
    colors = figures.COLORS
    if compact:
        board, falls = fig.add_axes([.27, .49, .66, .44]), fig.add_axes([.27, .13, .66, .23])
        score, gauge = fig.add_axes([.27, .49, .66, .42]), None
    else:
        board, score = fig.add_axes([.075, .18, .425, .78]), fig.add_axes([.085, .18, .4, .76])
        falls, gauge = fig.add_axes([.6, .42, .36, .54]), fig.add_axes([.6, .13, .36, .14])
    board.set_aspect("equal", anchor="N" if compact else "C")
    paths, ends, losses, rights, crosses, spots = ({} for _empty in range(6))
    for i, method in enumerate(METHODS):
        line = {"color": colors[method], "animated": True}
        paths[method], = board.plot([], [], "o-", markersize=3, linewidth=1.4, zorder=5, **line)
        ends[method], = board.plot([], [], "o", markersize=7, markeredgecolor="white", zorder=6,
                                   **line)
        losses[method], = falls.plot([], [], linewidth=1.6, **line)
        crosses[method], = falls.plot([0], [.95 - .07 * i], "x", markersize=8, markeredgewidth=2,
                                      transform=falls.get_xaxis_transform(), clip_on=False, **line)
        rights[method], = score.plot([], [], "o-", markersize=3, linewidth=1.6, **line)
        if gauge:
            spots[method], = gauge.plot([], [], "o", markersize=7, clip_on=False, **line)
    ring, = board.plot([], [], "o", markersize=10, markerfacecolor="white", zorder=7,
                       markeredgecolor="black", markeredgewidth=2, clip_on=False, animated=True)
    score.set(ylim=(0, 1), yticks=[0, .5, GOAL, 1])
    score.yaxis.set_major_formatter(lambda share, _position: grouped(share, ".0%"))
    for ax in (score, falls):
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    falls.set_yscale("log")
    if gauge:
        gauge.set(xscale="log", xlim=(1e-4, 10), ylim=(len(METHODS), -1), yticks=[],
                  xlabel=r"$\eta$")
        gauge.xaxis.set_label_coords(-.1, .1)
        gauge.spines["left"].set_visible(False)
        gauge.minorticks_off()
    else:                               # the twin's titles cannot know whether one rate is meant
        rate = falls.text(.97, .95, "", ha="right", va="top", transform=falls.transAxes)
    scenery, shown = [], {}

    def set_scene(name):
        for artist in scenery:
            artist.remove()
        scenery.clear()
        digits = name == "digits"
        board.set_visible(not digits)
        score.set_visible(digits)
        low, high = (1e-2, 1e2) if digits else (FLOOR, CEILING)
        falls.set(ylim=(low, high), ylabel="$L$" if digits else r"$L - L^*$",
                  yticks=[.01, .1, 1, 10, 100] if digits else [1e-8, 1e-4, 1, 1e4])
        falls.minorticks_off()
        if compact:
            falls.set_position([.27, .13, .66, .23])
        if digits:
            return
        before = set(board.get_children())
        figures.contours(board, SURFACES[name])
        board.locator_params(nbins=5, steps=[1, 2, 5, 10])
        if compact:                     # the curve takes the room that a wide surface leaves
            (x0, x1), (y0, y1) = SURFACES[name].domain
            tall = min(.44, .66 * fig.bbox.width / fig.bbox.height * (y1 - y0) / (x1 - x0))
            falls.set_position([.27, .13, .66, .66 - tall])
        minima = SURFACES[name].minima
        for i, (x, y) in enumerate(minima if len(minima) > 1 else (), start=1):
            board.annotate(str(i), (x, y), xytext=(7, 5), textcoords="offset points", zorder=8,
                           path_effects=[withStroke(linewidth=3, foreground="white")],
                           animated=True)
        scenery[:] = [a for a in board.get_children() if a not in before]

    def set_axis(x_axis, digits, widest):
        symbol = {"iterations": "$k$", "examples": r"$k \cdot B$" if digits else "$k$",
                  "distance": r"$\Sigma\,\Vert\Delta\theta\Vert$", "seconds": "$t$ / s"}[x_axis]
        for ax, below in ((falls, -.17), (score, -.1)):
            ax.set_xlim(0, widest)
            ax.set_xlabel(symbol, labelpad=0)
            if not compact:
                ax.xaxis.set_label_coords(*((-.06, -.1) if symbol == "$k$" else (.5, below)))

    def draw(surface, rates, learning_rate, steps, batch_size, x_axis, beta, rho, beta1, beta2,
             eps, start_x, start_y, seed, **shown_methods):
        if shown.get("surface") != surface:
            set_scene(surface)
            shown["surface"] = surface
        racing = [method for method in METHODS if shown_methods[method]]
        knobs = {"beta": beta, "rho": rho, "beta1": beta1, "beta2": beta2, "eps": eps}
        methods = {}
        for method in racing:
            hyper = {name: knobs[name] for name in KNOBS[method]}
            lr = (learning_rate if rates == "one" else
                  best_on_digits(method, batch_size) if surface == "digits" else
                  best_rate(surface, (start_x, start_y), steps, method, tuple(hyper.items())))
            methods[method] = {"lr": lr, **hyper}
        digits = surface == "digits"
        runs = {}
        if methods and digits:
            runs = run_on_digits(methods, batch_size, steps, seed, x_axis == "seconds")
        elif methods:
            runs = run_on_surface(SURFACES[surface], (start_x, start_y), methods, steps,
                                  x_axis == "seconds")
        for lines in (paths, ends, losses, rights, spots):
            for method, line in lines.items():
                line.set_visible(method in runs and line.axes.get_visible())
        for method, line in crosses.items():
            line.set_visible(method in runs and runs[method].diverged > 0)
        widest = 0.0
        for method, run in runs.items():
            along = {"iterations": run.k, "examples": run.k * (batch_size if digits else 1),
                     "distance": run.walked, "seconds": run.seconds}[x_axis]
            if run.diverged < 0:
                widest = max(widest, along[-1])
            losses[method].set_data(along, np.clip(run.heights, FLOOR / 10, CEILING * 1e3))
            if digits:
                rights[method].set_data(along, run.right)
            else:
                paths[method].set(xdata=run.theta[:, 0], ydata=run.theta[:, 1],
                                  marker="o" if steps <= 200 else "")
                ends[method].set_data(*run.theta[-1:].T)
            if gauge:
                spots[method].set_data([methods[method]["lr"]], [METHODS.index(method)])
        if compact:
            rate.set_text(rf"$\eta = {plain(learning_rate)}$" if rates == "one" else "")
        ring.set(xdata=[start_x], ydata=[start_y], visible=not digits)
        widest = (float(steps) if x_axis == "iterations" else
                  float(steps * (batch_size if digits else 1)) if x_axis == "examples" else
                  round_up(widest or 1.0))
        for method, run in runs.items():
            crosses[method].set_xdata(np.minimum(losses[method].get_xdata()[-1:], widest))
        if shown.get("axis") != (x_axis, digits, widest):
            set_axis(x_axis, digits, widest)
            shown["axis"] = x_axis, digits, widest
        return _summary(surface, rates, learning_rate, batch_size, steps, methods, runs)

    return draw


class Run(NamedTuple):
    """One method's race, cut where it diverges."""

    k: np.ndarray               # the iterations that were looked at
    heights: np.ndarray         # loss above the lowest on a surface, loss on the test digits
    walked: np.ndarray          # the length of the path so far
    seconds: np.ndarray
    diverged: int               # -1 if it does not
    arrived: float              # iterations to the goal, inf if it is not reached
    theta: np.ndarray | None = None     # on a surface the path
    minimum: int = -1                   # and at which minimum it ends
    right: np.ndarray | None = None     # on digits the share of the test part


def _descend(objective, start, methods, feed, steps, alone):
    """theta (steps + 1, methods, P), loss (steps + 1, methods), diverged and seconds (methods,).

    All methods at once, or alone, one after the other, for the sake of the clock.
    """
    found = []
    for group in ([{name: methods[name]} for name in methods] if alone else [methods]):
        begun = perf_counter()
        run = record(descend(objective, np.tile(start, (len(group), 1)), team(group), feed()),
                     steps + 1, keep=("theta", "loss"))
        found.append((run.theta, run.loss, run.diverged[None],
                      np.full((1, len(group)), (perf_counter() - begun) / len(group))))
    return [np.concatenate(part, axis=1) for part in zip(*found)]


def _cut(theta, diverged, seconds, every=1):
    """The iterations to look at, the length of the path at them, and the time."""
    k = np.arange(0, (diverged if diverged > 0 else len(theta) - 1) + 1, every)
    with np.errstate(all="ignore"):
        moves = np.linalg.norm(np.diff(theta, axis=0), axis=-1)
    walked = np.concatenate([[0.0], np.cumsum(within(moves, 1e6))])
    return k, walked[k], seconds * k / (len(theta) - 1)


def run_on_surface(surface, start, methods, steps, alone=False):
    """{method: Run} for {method: hyperparameters with lr}."""
    theta, loss, diverged, seconds = _descend(surface, start, methods, lambda: repeat(()), steps,
                                              alone)
    first, which = arrivals(surface, theta)
    lowest = surface(np.array(surface.minima[0]))[0]
    runs = {}
    for i, method in enumerate(methods):
        gone = int(diverged[0, i])
        k, walked, time = _cut(theta[:, i], gone, seconds[0, i])
        runs[method] = Run(k, within(loss[k, i] - lowest, 1e12), walked, time, gone,
                           np.inf if gone > 0 else first[i], within(theta[k, i], 1e3),
                           int(which[i]))
    return runs


def run_on_digits(methods, batch_size, steps, seed, alone=False):
    """{method: Run}; every method starts from the same weights and is fed the same batches."""
    network, x, y, x_test, y_test = data("digits")
    rng = np.random.default_rng(seed)
    start, order = network.initial(rng), rng.integers(2**31)
    theta, _loss, diverged, seconds = _descend(
        network.loss_and_gradient, start, methods,
        lambda: mini_batches(x, y, size=batch_size, rng=np.random.default_rng(order)), steps, alone)
    runs, every = {}, max(1, steps // 25)
    for i, method in enumerate(methods):
        gone = int(diverged[0, i])
        k, walked, time = _cut(theta[:, i], gone, seconds[0, i], every)
        with np.errstate(all="ignore"):
            outputs = network.forward(within(theta[k, i], 1e100), x_test)[-1]
            loss = within(LOSSES["cross_entropy"](outputs, y_test)[0], 1e12)
        right = (outputs.argmax(axis=-1) == y_test).mean(axis=-1)
        hit = right >= GOAL
        runs[method] = Run(k, loss, walked, time, gone, k[hit.argmax()] if hit.any() else np.inf,
                           right=right)
    return runs


def _summary(surface, rates, learning_rate, batch_size, steps, methods, runs):
    called, digits = method_names(), surface == "digits"
    if not runs:
        return _("No method is chosen.")
    if rates == "one":
        text = _("η = {lr} for all").format(lr=plain(learning_rate))
    elif digits:
        text = _("Each at its best rate for this batch size and the usual β, ρ, ε, on other seeds")
    else:
        text = _("Each at the best of {n} rates from this start").format(n=len(GRID))
    text += _(", B = {size}. ").format(size=batch_size) if digits else ". "

    def listed(chosen, words):
        found = []
        for method in chosen:
            notes = [_("minimum {i}").format(i=runs[method].minimum + 1)] if (
                not digits and len(SURFACES[surface].minima) > 1
                and runs[method].minimum >= 0) else []
            if rates == "best":
                notes.insert(0, f"η = {plain(methods[method]['lr'])}")
            found.append(words.format(method=called[method], k=f"{runs[method].arrived:.0f}",
                                      gone=runs[method].diverged)
                         + (f" ({', '.join(notes)})" if notes else ""))
        return ", ".join(found)

    there = sorted((m for m in runs if runs[m].arrived < np.inf), key=lambda m: runs[m].arrived)
    gone = [m for m in runs if runs[m].diverged > 0]
    short = [m for m in runs if m not in there and m not in gone]
    parts = []
    if there:
        goal = (_("Iterations until {share} % of the test digits are right: {methods}.") if digits
                else _("Iterations to a minimum: {methods}."))
        parts.append(goal.format(share=round(100 * GOAL), methods=listed(there, "{method} {k}")))
    if short:
        parts.append(_("Not there after {k}: {methods}.").format(
            k=steps, methods=listed(short, "{method}")))
    if gone:
        parts.append(_("Diverges: {methods}.").format(
            methods=listed(gone, _("{method} at iteration {gone}"))))
    if any(methods[m].get("eps") == 0 for m in gone):
        parts.append(_("With ε = 0 a gradient of 0 makes 0 / 0."))
    if digits and rates == "one":       # the best rates take its room
        parts.append(_("Right in the end: {methods}.").format(methods=", ".join(
            f"{called[m]} {grouped(runs[m].right[-1], '.0%')}" for m in runs)))
    return text + " ".join(parts)
