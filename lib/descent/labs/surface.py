"""Chapter 02: descent on a surface."""

import numpy as np

from .. import figures
from ..language import _
from ..optimizers import gradient_descent
from ..surfaces import beale, double_well, himmelblau, ravine, rosenbrock, saddle
from ..training import descend, record
from .engine import Choice, Lab, Number, Switch, geometric, plain, within

SURFACES = {"ravine": ravine(), "double_well": double_well, "saddle": saddle,
            "rosenbrock": rosenbrock, "beale": beale, "himmelblau": himmelblau}
RATES = {"ravine": 0.02, "double_well": 0.1, "saddle": 0.1, "rosenbrock": 0.001, "beale": 0.01,
         "himmelblau": 0.01}
STEPS = [5, 10, 20, 50, 100, 200, 500, 1000]
FLOOR, CEILING = 1e-8, 1e4          # what the loss curve shows


def basins(surface, learning_rate, steps=200, points=100, optimizer=gradient_descent):
    """Which minimum each of points x points starts on the surface's domain reaches, -1 for none.

    An array (points, points), the second parameter along the rows: for figures.basin_map.
    """
    (x0, x1), (y0, y1) = surface.domain
    starts = np.stack(np.meshgrid(np.linspace(x0, x1, points), np.linspace(y0, y1, points)), -1)
    ends = record(descend(surface, starts, optimizer, lr=learning_rate), steps + 1, keep=())
    with np.errstate(all="ignore"):
        return surface.nearest(within(ends.last.theta), within=0.3)


def stable_rate(surface, minimum=0):
    """2 / lambda, with the largest curvature at a minimum: exact for the ravine, else local."""
    return 2 / np.linalg.eigvalsh(surface.hessian(np.array(surface.minima[minimum])))[-1]


def descent_on_a_surface(**start):
    """The lab: a surface, a learning rate, a number of steps, and a start that can be dragged."""
    def domain(name, axis):
        return [round(float(v), 3) for v in np.linspace(*SURFACES[name].domain[axis], 81)]

    def choose(settings):
        name = settings["surface"]
        x, y = (round(v, 3) for v in SURFACES[name].start)
        return {"learning_rate": RATES[name], "start_x": (domain(name, 0), x),
                "start_y": (domain(name, 1), y)}

    controls = {
        "surface": Choice(_("surface"), {
            "ravine": _("ravine"), "double_well": _("double well"), "saddle": _("saddle"),
            "rosenbrock": "Rosenbrock", "beale": "Beale", "himmelblau": "Himmelblau"}, "ravine"),
        "learning_rate": Number(_("learning rate η"), geometric(1e-4, 1), 0.02, r"\eta"),
        "steps": Number(_("number of steps"), STEPS, 100, "k"),
        "basins": Switch(_("colour starts by where they end")),
        "start_x": Number(_("start θ₁"), domain("ravine", 0), -4.0, r"\theta_1"),
        "start_y": Number(_("start θ₂"), domain("ravine", 1), 1.0, r"\theta_2"),
    }
    presets = {
        "slow": (_("slow"), {"learning_rate": 0.005}),
        "good": (_("good"), {"learning_rate": 0.07}),
        "at the limit": (_("at the limit"), {"learning_rate": 0.08}),
        "diverges": (_("diverges"), {"learning_rate": 0.085}),
        "wrong valley": (_("wrong valley"), {"surface": "double_well", "learning_rate": 0.05}),
        "leaps across": (_("leaps across"), {"surface": "double_well", "learning_rate": 0.16}),
        "past a saddle": (_("past a saddle"), {"surface": "saddle"}),
        "banana": (_("bent valley"), {"surface": "rosenbrock", "steps": 1000}),
        "four basins": (_("four basins"), {"surface": "himmelblau", "basins": True}),
    }
    return Lab(_("Contours of the loss with the path of gradient descent, the loss and the length "
                 "of each step"), _build, controls, presets, more=("start_x", "start_y"), lines=2,
               follow={"surface": choose}, start=start,
               point=lambda x, y: {"start_x": round(x, 3), "start_y": round(y, 3)})


def _build(fig, compact):
    color = figures.COLORS["gradient_descent"]
    if compact:
        board, falls = fig.add_axes([.27, .49, .66, .44]), fig.add_axes([.27, .1, .66, .26])
        lengths = gauge = None
    else:
        board = fig.add_axes([.075, .14, .425, .82])
        falls, lengths = fig.add_axes([.6, .7, .36, .26]), fig.add_axes([.6, .38, .36, .26])
        gauge = fig.add_axes([.6, .12, .36, .055])
    board.set_aspect("equal", anchor="N" if compact else "C")
    map_ = board.imshow(np.zeros((2, 2, 4)), origin="lower", zorder=2, animated=True,
                        interpolation="nearest")
    path, = board.plot([], [], "o-", color=color, markersize=3.5, linewidth=1.5, zorder=5,
                       animated=True)
    ring, = board.plot([], [], "o", markersize=11, markerfacecolor="white", markeredgecolor=color,
                       markeredgewidth=2.5, zorder=6, animated=True)
    end, = board.plot([], [], "o", markersize=7, color=color, markeredgecolor="white", zorder=6,
                      animated=True)
    loss, = falls.plot([], [], color=color, animated=True)
    falls.set(ylabel=r"$L - L^*$", yscale="log", ylim=(FLOOR, CEILING), yticks=[1e-8, 1e-4, 1, 1e4])
    gone = falls.axvline(0, color=figures.COLORS["mark"], linestyle=":", animated=True)
    below = falls
    if not compact:
        length, = lengths.plot([], [], color=color, animated=True)
        lengths.set(ylabel=r"$\Vert\Delta\theta\Vert$", yscale="log", ylim=(FLOOR, CEILING),
                    yticks=[1e-8, 1e-4, 1, 1e4])
        falls.tick_params(labelbottom=False)
        gauge.set(xscale="log", xlim=(1e-4, 1), ylim=(0, 1), yticks=[], xlabel=r"$\eta$")
        gauge.xaxis.set_label_coords(-.1, .2)
        gauge.grid(False)
        gauge.spines["left"].set_visible(False)
        rate, = gauge.plot([], [], "v", color=color, markersize=11, clip_on=False, animated=True)
        limit = gauge.axvspan(1, 10, color=figures.COLORS["mark"], alpha=.35, linewidth=0)
        limit_label = gauge.text(0, 1.75, "", ha="center", color=figures.COLORS["mark"])
        below = lengths
    for ax in (falls, lengths):
        if ax:
            ax.minorticks_off()
    below.set_xlabel("$k$")
    below.xaxis.set_label_coords(-.06, -.1)
    scenery, shown = [], {}

    def set_scene(name):
        for artist in scenery:
            artist.remove()
        before = set(board.get_children())
        figures.contours(board, SURFACES[name])
        board.locator_params(nbins=5, steps=[1, 2, 5, 10])
        if compact:                     # the curve takes the room that a wide surface leaves
            (x0, x1), (y0, y1) = SURFACES[name].domain
            tall = min(.44, .66 * fig.bbox.width / fig.bbox.height * (y1 - y0) / (x1 - x0))
            falls.set_position([.27, .1, .66, .69 - tall])
        minima = SURFACES[name].minima
        for i, (x, y) in enumerate(minima if len(minima) > 1 else (), start=1):
            board.annotate(str(i), (x, y), xytext=(7, 5), textcoords="offset points", zorder=4)
        scenery[:] = [a for a in board.get_children() if a not in before]
        map_.set_extent([*board.get_xlim(), *board.get_ylim()])

    def draw(surface, learning_rate, steps, basins, start_x, start_y):
        chosen = SURFACES[surface]
        if shown.get("surface") != surface:
            set_scene(surface)
        if shown.get("steps") != steps:
            for ax in (falls, lengths):
                if ax:
                    ax.set_xlim(0, steps)
        run = record(descend(chosen, (start_x, start_y), gradient_descent, lr=learning_rate),
                     steps + 1, keep=("theta", "loss"))
        diverged = int(run.diverged)
        stop = diverged if diverged > 0 else steps
        theta, heights = within(run.theta[:stop + 1], 1e3), run.loss[:stop + 1]
        reached = -1 if diverged > 0 else int(chosen.nearest(theta[-1], within=0.05))
        lowest = chosen(np.array(chosen.minima[0]))[0]
        gaps = within(heights - lowest, 1e12)
        moves = np.linalg.norm(np.diff(theta, axis=0), axis=1)
        path.set_data(*theta.T)
        ring.set_data([start_x], [start_y])
        end.set_data(*theta[-1:].T)
        gone.set(xdata=[stop, stop], visible=diverged > 0)
        loss.set_data(np.arange(stop + 1), np.maximum(gaps, FLOOR / 10))
        stable = stable_rate(chosen, max(reached, 0))
        if not compact:
            length.set_data(np.arange(1, stop + 1), np.maximum(moves, FLOOR / 10))
            rate.set_data([learning_rate], [.75])
            if shown.get("stable") != stable:
                limit.set_x(stable)
                limit_label.set(text=rf"$2/\lambda = {plain(stable)}$", x=np.clip(stable, 6e-4, .2))
        map_.set_visible(basins)
        if basins:
            map_.set_data(figures.basin_colors(basins_of(chosen, learning_rate, steps)))
        shown.update(surface=surface, steps=steps, stable=stable)
        text = _summary(surface, chosen, learning_rate, stop, theta[-1], gaps[-1], reached,
                        diverged, moves[-1], stable)
        if basins:
            text += " " + _("Grey starts are not at a minimum after {k}.").format(k=steps)
        return text

    return draw


basins_of = basins  # the lab has a control of the same name


def _summary(key, surface, lr, k, end, gap, reached, diverged, move, stable):
    values = {"lr": plain(lr), "k": k, "x": f"{end[0] + 0.0:.2f}".replace("-0.00", "0.00"),
              "y": f"{end[1] + 0.0:.2f}".replace("-0.00", "0.00"), "i": reached + 1,
              "n": len(surface.minima), "gap": plain(round(gap, 8), 2),
              "limit": plain(stable)}
    if diverged > 0:
        what = _("η = {lr}: diverges at iteration {k}.")
    elif reached >= 0 and len(surface.minima) > 1:
        what = _("η = {lr}: after {k} iterations at ({x}, {y}), minimum {i} of {n}, "
                 "L − L* = {gap}.")
    elif reached >= 0:
        what = _("η = {lr}: after {k} iterations at ({x}, {y}), at the minimum, L − L* = {gap}.")
    elif move < 1e-6:
        what = _("η = {lr}: after {k} iterations at ({x}, {y}), where the gradient is 0 but no "
                 "minimum is, L − L* = {gap}.")
    else:
        what = _("η = {lr}: after {k} iterations at ({x}, {y}), not at a minimum yet, "
                 "L − L* = {gap}.")
    if key == "ravine":
        where = _("The largest stable rate is 2/λ = {limit}.")
    else:
        where = _("Near minimum {i} the largest stable rate is 2/λ = {limit}.")
        values["i"] = max(reached, 0) + 1
    return what.format(**{**values, "i": reached + 1}) + " " + where.format(**values)
