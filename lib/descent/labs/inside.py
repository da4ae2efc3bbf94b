"""Chapter 07: one optimizer, iteration by iteration, from the inside."""

import numpy as np
from matplotlib import rcParams
from matplotlib.ticker import FixedLocator, NullLocator

from .. import figures
from ..language import _
from ..optimizers import adam, momentum, rmsprop
from ..training import descend, record
from .engine import Choice, Lab, Number, Switch, geometric, plain, within
from .race import DECAYS, EPSILONS, KNOBS, SURFACES

LAST = 100                          # iterations that can be stepped through
FIRST, SECOND = "#56B4E9", "#882255"    # the colours of the two parameters
LOW, HIGH = 1e-6, 1e6               # the sizes that are shown
ARROW = np.array([[0, -.04], [.6, -.04], [.6, -.13], [1, 0], [.6, .13], [.6, .04], [0, .04]])


def adam_uncorrected(theta, g, m=0.0, v=0.0, *, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam with both averages taken as they are, though they start at 0."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    return theta - lr * m / (v**0.5 + eps), dict(m=m, v=v)


OPTIMIZERS = {"momentum": momentum, "rmsprop": rmsprop, "adam": adam,
              "adam_uncorrected": adam_uncorrected}
HYPER = {**KNOBS, "adam_uncorrected": KNOBS["adam"]}
# What is shown of each: rows from the gradient down to the step.
ROWS = {
    "momentum": {"g": "$g$", "v": "$v$", "rate": r"$\eta$", "step": r"$\Delta\theta$"},
    "rmsprop": {"g": "$g$", "root": r"$\sqrt{s}$", "rate": r"$\eta\,/\,(\sqrt{s}+\varepsilon)$",
                "step": r"$\Delta\theta$"},
    "adam": {"g": "$g$", "m": "$m$", "c1": r"$1/(1-\beta_1^t)$", "root": r"$\sqrt{v}$",
             "c2": r"$1/(1-\beta_2^t)$", "rate": r"$\eta\,/\,(\sqrt{\hat v}+\varepsilon)$",
             "step": r"$\Delta\theta$"},
    "adam_uncorrected": {"g": "$g$", "m": "$m$", "root": r"$\sqrt{v}$",
                         "rate": r"$\eta\,/\,(\sqrt{v}+\varepsilon)$", "step": r"$\Delta\theta$"},
}


def look_inside(optimizer, objective, start, steps=LAST, **hyper):
    """Every number inside an optimizer: {name: (steps, 2)}, row k for iteration k + 1.

    theta: where the iteration starts; g; step; rate: lr / (root + eps), after
    correction if there is one, for momentum lr. With them what the optimizer has: momentum
    v; rmsprop root = s**0.5; adam m, root = v**0.5 before correction, and the factors c1 and c2 by
    which the correction multiplies m and v. optimizer: "momentum", "rmsprop", "adam" or
    "adam_uncorrected". Returned with it: the iteration at which the run diverges, or -1.
    """
    run = record(descend(objective, start, OPTIMIZERS[optimizer], **hyper), steps + 1)
    lr = hyper["lr"]
    memory = {name: values[1:] for name, values in run.memory.items()}
    with np.errstate(all="ignore"):
        found = {"theta": run.theta[:-1], "g": run.grad[:-1], "step": np.diff(run.theta, axis=0)}
        shape = found["g"].shape
        if optimizer == "momentum":
            found |= {"v": memory["v"], "rate": np.full(shape, lr)}
        else:
            found["root"] = memory["s" if optimizer == "rmsprop" else "v"]**0.5
            c2 = 1.0
            if optimizer != "rmsprop":
                found["m"] = memory["m"]
            if optimizer == "adam":
                t = np.arange(1, steps + 1)[:, None]
                c2 = np.broadcast_to(1 / (1 - hyper["beta2"]**t), shape)
                found |= {"c1": np.broadcast_to(1 / (1 - hyper["beta1"]**t), shape), "c2": c2}
            found["rate"] = lr / (found["root"] * c2**0.5 + hyper["eps"])
    return found, int(run.diverged)


def inside(**start):
    """The lab: one optimizer, its memory and its step in any of the first hundred iterations."""
    def domain(name, axis):
        return [round(float(v), 3) for v in np.linspace(*SURFACES[name].domain[axis], 81)]

    def choose(settings):
        name = settings["surface"]
        x, y = (round(v, 3) for v in SURFACES[name].start)
        return {"start_x": (domain(name, 0), x), "start_y": (domain(name, 1), y)}

    controls = {
        "optimizer": Choice(_("optimizer"), {
            "momentum": _("Momentum"), "rmsprop": _("RMSProp"), "adam": _("Adam"),
            "adam_uncorrected": _("Adam without correction")}, "adam"),
        "learning_rate": Number(_("learning rate η"), geometric(1e-4, 10), 0.1, r"\eta"),
        "iteration": Number(_("iteration k"), range(1, LAST + 1), 1, "k"),
        "times_1000": Switch(_("the loss × 1,000")),
        "surface": Choice(_("surface"), {
            "ravine": _("ravine"), "ravine_turned": _("ravine, turned"),
            "double_well": _("double well"), "saddle": _("saddle"), "rosenbrock": "Rosenbrock",
            "beale": "Beale", "himmelblau": "Himmelblau"}, "ravine"),
        "beta": Number(_("β of Momentum"), DECAYS, 0.9, r"\beta"),
        "rho": Number(_("ρ of RMSProp"), DECAYS, 0.9, r"\rho"),
        "beta1": Number(_("β₁ of Adam"), DECAYS, 0.9, r"\beta_1"),
        "beta2": Number(_("β₂ of Adam"), DECAYS, 0.999, r"\beta_2"),
        "eps": Number(_("ε, RMSProp, Adam"), EPSILONS, 1e-8, r"\varepsilon"),
        "start_x": Number(_("start θ₁"), domain("ravine", 0), -4.0),
        "start_y": Number(_("start θ₂"), domain("ravine", 1), 1.0),
    }
    presets = {
        "first step": (_("first step"), {}),
        "after 10": (_("after 10"), {"iteration": 10}),
        "without correction": (_("without correction"), {"optimizer": "adam_uncorrected"}),
        "turned ravine": (_("turned ravine"), {"surface": "ravine_turned"}),
        "large loss": (_("large loss"), {"optimizer": "rmsprop", "iteration": 10,
                                         "times_1000": True}),
        "at the bottom": (_("at the bottom"), {"optimizer": "rmsprop", "iteration": 80}),
        "Momentum": (_("Momentum"), {"optimizer": "momentum", "iteration": 10,
                                     "learning_rate": 0.02}),
        "Momentum, large loss": (_("Momentum, large loss"), {
            "optimizer": "momentum", "iteration": 1, "learning_rate": 0.02, "times_1000": True}),
    }
    legend = [(FIRST, "θ₁"), (SECOND, "θ₂"), (figures.COLORS["theory"], _("direction of −g")),
              (figures.COLORS["mark"], _("direction of the step")),
              ("black", _("▶ positive, ◀ negative, ● always positive, hollow: off scale"))]
    return Lab(_("A path with the directions of the gradient and of the step; beside it the numbers "
                 "inside the optimizer for each of the two parameters"), _build, controls, presets,
               more=tuple(controls)[4:], lines=3, legend=legend, start=start,
               follow={"surface": choose},
               point=lambda x, y: {"start_x": round(x, 3), "start_y": round(y, 3)})


def _build(fig, compact):
    colors = figures.COLORS
    if compact:
        board, sizes = fig.add_axes([.27, .59, .66, .34]), fig.add_axes([.42, .09, .53, .34])
        courses = {}
    else:
        board, sizes = fig.add_axes([.08, .14, .34, .82]), fig.add_axes([.555, .14, .185, .82])
        courses = {"rate": fig.add_axes([.83, .6, .15, .31]),
                   "step": fig.add_axes([.83, .14, .15, .34])}
    board.set_aspect("equal", anchor="N" if compact else "C")
    ahead, = board.plot([], [], ":", color="black", linewidth=1.2, zorder=4, animated=True)
    taken, = board.plot([], [], "-", color=colors["mark"], linewidth=3, zorder=5, animated=True)
    path, = board.plot([], [], "o-", color="black", markersize=3, linewidth=1.2, zorder=5,
                       animated=True)
    ring, = board.plot([], [], "o", markersize=9, markerfacecolor="white", zorder=6,
                       markeredgecolor="black", markeredgewidth=2, animated=True)
    arrows = [board.fill([0], [0], facecolor=color, zorder=zorder, animated=True)[0]
              for color, zorder in ((colors["theory"], 7), (colors["mark"], 8))]
    dots = {(color, sign, fill): sizes.plot([], [], mark, color=color, fillstyle=fill,
                                            markersize=6 if compact else 8, clip_on=False, alpha=.9,
                                            animated=True)[0]
            for color in (FIRST, SECOND, "black") for sign, mark in ((1, ">"), (-1, "<"), (0, "o"))
            for fill in ("full", "none")}
    sizes.set(xscale="log", xlim=(LOW, HIGH))
    sizes.xaxis.set_major_locator(FixedLocator([LOW, 1, HIGH]))
    sizes.xaxis.set_minor_locator(NullLocator())
    sizes.tick_params(axis="y", length=0, pad=8,
                      labelsize=9 if compact else rcParams["ytick.labelsize"])
    lines, hands = {}, []
    for name, ax in courses.items():
        lines[name] = [ax.plot([], [], color=color, linewidth=1.6, animated=True)[0]
                       for color in (FIRST, SECOND)]
        hands.append(ax.axvline(1, color=colors["mark"], linewidth=1, clip_on=False, animated=True))
        ax.set(yscale="log", xlim=(1, LAST), ylim=(LOW, 1e4),
               yticks=[1e-6, 1e-3, 1, 1e3])
        ax.minorticks_off()
        ax.xaxis.set_major_locator(FixedLocator([1, 50, 100]))
    if courses:
        courses["rate"].tick_params(labelbottom=False)
        courses["step"].set_xlabel("$k$")
        courses["step"].xaxis.set_label_coords(-.2, -.12)
    scenery, shown = [], {}

    def set_scene(name):
        for artist in scenery:
            artist.remove()
        before = set(board.get_children())
        figures.contours(board, SURFACES[name])
        board.locator_params(nbins=5, steps=[1, 2, 5, 10])
        scenery[:] = [a for a in board.get_children() if a not in before]
        if compact:                     # the numbers take the room that a wide surface leaves
            (x0, x1), (y0, y1) = SURFACES[name].domain
            tall = min(.34, .66 * fig.bbox.width / fig.bbox.height * (y1 - y0) / (x1 - x0))
            sizes.set_position([.42, .09, .53, .68 - tall])

    def set_rows(optimizer):
        rows = ROWS[optimizer]
        sizes.set(yticks=-np.arange(len(rows)), yticklabels=rows.values(),
                  ylim=(.5 - len(rows), .5))
        for name, ax in courses.items():
            ax.set_title(rows[name] if name == "rate" else r"$|\Delta\theta|$",
                         fontsize=rcParams["ytick.labelsize"])

    def draw(optimizer, learning_rate, iteration, times_1000, surface, start_x, start_y, **knobs):
        chosen = SURFACES[surface]
        if shown.get("surface") != surface:
            set_scene(surface)
        if shown.get("optimizer") != optimizer:
            set_rows(optimizer)
        shown.update(surface=surface, optimizer=optimizer)
        hyper = {"lr": learning_rate, **{name: knobs[name] for name in HYPER[optimizer]}}
        trained = optimizer, surface, times_1000, start_x, start_y, tuple(hyper.items())
        if shown.get("trained") != trained:
            shown["found"] = look_inside(optimizer, scaled(chosen, 1000.0 if times_1000 else 1.0),
                                         (start_x, start_y), **hyper)
            shown["trained"] = trained
        found, diverged = shown["found"]
        last = diverged if diverged > 0 else LAST
        k = min(iteration, last)
        theta = within(found["theta"][:last], 1e3)
        now = {name: values[k - 1] for name, values in found.items()}
        ahead.set_data(*theta[k - 1:].T)
        path.set_data(*theta[:k].T)
        ring.set_data(*theta[k - 1:k].T)
        ring.set_clip_on(k > 1)         # the start is on the board, at its edge too
        for arrow, vector in zip(arrows, (-now["g"], now["step"])):
            length = np.hypot(*within(vector, 1e150))
            arrow.set_visible(bool(np.isfinite(vector).all() and length > 0))
            if arrow.get_visible():
                along = .22 * np.diff(board.get_xlim()) * vector / length
                arrow.set_xy(theta[k - 1] + ARROW @ [along, [-along[1], along[0]]])
        taken.set(xdata=theta[k - 1, 0] + np.array([0, 1e3 / max(1e3, length)]) * now["step"][0],
                  ydata=theta[k - 1, 1] + np.array([0, 1e3 / max(1e3, length)]) * now["step"][1])
        places = {key: [] for key in dots}
        for row, name in enumerate(ROWS[optimizer]):
            for i, value in enumerate(now[name]):
                one = name in ("c1", "c2") or (optimizer, name) == ("momentum", "rate")
                sign = np.sign(value) if name in ("g", "m", "v", "step") else 0
                size = np.clip(abs(value), LOW, HIGH)
                if not np.isnan(value):
                    places[("black" if one else (FIRST, SECOND)[i]), sign,
                           "full" if size == abs(value) else "none"].append(
                        (size, -row if one else .17 - .34 * i - row))
        for key, found_there in places.items():
            dots[key].set(xdata=[x for x, _y in found_there], ydata=[y for _x, y in found_there],
                          visible=bool(found_there))
        for name, pair in lines.items():
            for i, line in enumerate(pair):
                values = np.abs(found[name][:last, i])
                line.set(xdata=np.arange(1, last + 1), ydata=np.clip(values, LOW / 10, HIGH),
                         marker="o" if last < 5 else "")
        for hand in hands:
            hand.set_xdata([k, k])
        return _summary(optimizer, hyper, k, now, diverged)

    return draw


def scaled(objective, factor):
    """The objective times a factor."""
    def times(theta):
        loss, grad = objective(theta)
        return factor * loss, factor * grad

    return times


def _summary(optimizer, hyper, k, now, diverged):
    def pair(values):
        return "({}, {})".format(*(plain(value) for value in values))

    name = {"momentum": _("Momentum"), "rmsprop": _("RMSProp"), "adam": _("Adam"),
            "adam_uncorrected": _("Adam without correction")}[optimizer]
    values = {"name": name, "k": k, "place": pair(now["theta"]), "g": pair(now["g"]),
              "step": pair(now["step"]), "rates": pair(now["rate"])}
    if not np.isfinite(now["step"]).all():
        return _("{name}, iteration {k} at {place}: g = {g}. With ε = 0 a gradient of 0 makes "
                 "0 / 0, and there is no step.").format(**values)
    text = _("{name}, iteration {k} at {place}: g = {g}, step {step}").format(**values)
    if now["g"].any() and now["step"].any():
        lengths = np.hypot(*now["g"]) * np.hypot(*now["step"])
        cosine = -np.add.reduce(now["g"] * now["step"]) / lengths
        text += _(", {angle:.0f}° from −g").format(
            angle=float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))))
    text += ". "
    if optimizer == "momentum":
        text += _("Velocity {v}, {times} times as long as g; a gradient that stayed the same "
                  "would make it {limit} times.").format(
            v=pair(now["v"]), limit=plain(1 / (1 - hyper["beta"])),
            times=plain(np.hypot(*now["v"]) / (np.hypot(*now["g"]) or 1)))
    else:
        text += _("Effective rates {rates}.").format(**values)
    if optimizer == "adam":
        text += " " + _("The correction multiplies m by {c1} and v by {c2}.").format(
            c1=plain(now["c1"][0]), c2=plain(now["c2"][0]))
    elif optimizer == "adam_uncorrected":
        m, root = 1 - hyper["beta1"]**k, (1 - hyper["beta2"]**k)**.5
        text += " " + _("Not corrected, m is {m} times and √v {root} times its size: the step is "
                        "{ratio} times as long.").format(m=plain(m), root=plain(root),
                                                         ratio=plain(m / root))
    if diverged > 0:
        text += " " + _("It diverges at iteration {k}.").format(k=diverged)
    return text
