"""Chapter 00: the smallest lab that moves."""

import numpy as np

from .. import figures
from ..language import _
from ..optimizers import gradient_descent
from ..training import descend, record
from .engine import Lab, Number, geometric, plain, within

START, STEPS, EDGE = -4.0, 20, 5.0


def parabola(theta):
    """theta^2 / 2: one parameter, curvature 1, so that the largest stable rate is 2."""
    return theta[..., 0]**2 / 2, theta


def first_lab(**start):
    """The lab: one learning rate; the steps on a parabola, and the loss at each."""
    controls = {"learning_rate": Number(_("learning rate η"), geometric(0.01, 3, 40), 0.1, r"\eta")}
    presets = {"slow": (_("slow"), {"learning_rate": 0.05}),
               "fast": (_("fast"), {"learning_rate": 0.6}),
               "zigzag": (_("zigzag"), {"learning_rate": 1.8}),
               "diverges": (_("diverges"), {"learning_rate": 2.1})}
    return Lab(_("A curve of the loss over one parameter with the steps of gradient descent, and "
                 "the loss at each step"), _build, controls, presets, start=start,
               size=(8.4, 3.1), twin_size=(2.1, 2.6))


def _build(fig, compact):
    color = figures.COLORS["gradient_descent"]
    curve = fig.add_axes([.27, .19, .68, .65] if compact else [.075, .16, .42, .8])
    theta = np.linspace(-EDGE, EDGE, 201)
    curve.plot(theta, theta**2 / 2, color=figures.COLORS["quiet"])
    steps, = curve.plot([], [], "o-", color=color, markersize=6, linewidth=1.2, animated=True)
    ring, = curve.plot([START], [START**2 / 2], "o", markersize=11, markerfacecolor="white",
                       markeredgecolor=color, markeredgewidth=2.5, animated=True)
    curve.set(xlim=(-EDGE, EDGE), ylim=(-.6, 12.5), xlabel=r"$\theta$",
              ylabel="$L$" if compact else r"$L = \theta^2/2$",
              yticks=range(0, 13, 4), xticks=(-4, 0, 4))
    falls = None if compact else fig.add_axes([.6, .16, .375, .8])
    if falls:
        loss, = falls.plot([], [], "o-", color=color, markersize=4, animated=True)
        falls.set(xlim=(0, STEPS), ylim=(1e-8, 1e4), yscale="log", xlabel="$k$", ylabel="$L$",
                  yticks=[1e-8, 1e-4, 1, 1e4], xticks=range(0, STEPS + 1, 5))
        falls.minorticks_off()

    def draw(learning_rate):
        run = record(descend(parabola, [START], gradient_descent, lr=learning_rate), STEPS + 1,
                     keep=("theta", "loss"))
        theta = within(run.theta[:, 0], 1e3)
        steps.set_data(theta, theta**2 / 2)
        if falls:
            loss.set_data(np.arange(STEPS + 1), np.maximum(run.loss, 1e-9))
        values = {"lr": plain(learning_rate), "k": STEPS, "first": plain(run.loss[0]),
                  "last": f"{run.loss[-1]:.3g}"}
        if run.loss[-1] > run.loss[0]:
            return _("η = {lr}: the steps grow, and after {k} iterations the loss has risen from "
                     "{first} to {last}.").format(**values)
        if learning_rate > 1:
            return _("η = {lr}: each step jumps to the other side, and after {k} iterations the "
                     "loss has gone from {first} to {last}.").format(**values)
        return _("η = {lr}: after {k} iterations the loss has gone from {first} to {last}."
                 ).format(**values)

    return draw
