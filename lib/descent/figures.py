"""Figures: arrays and an `ax` in, the `ax` out; one style for the whole course.

Pictures carry symbols, numbers and proper names; sentences go into `show`'s finding, which is the
alternative text and is printed below the picture.
"""

import io

import matplotlib.colors
import numpy as np
from IPython.display import Image, display
from matplotlib.figure import Figure

from .language import filled, say

STYLE = {
    "figure.dpi": 100, "savefig.dpi": 100, "figure.facecolor": "white",
    "font.size": 12, "axes.titlesize": 12, "axes.labelsize": 12,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "lines.linewidth": 2, "lines.solid_capstyle": "round", "legend.frameon": False,
    "axes.grid": True, "grid.color": "#e6e6e6", "grid.linewidth": 0.8, "image.cmap": "cividis",
}
# One colour-blind-safe colour (Okabe & Ito 2008, three of them darkened) for each optimizer and for
# each way to feed data. Batch gradient descent is gradient descent.
COLORS = {
    "gradient_descent": "#0072B2", "momentum": "#D55E00", "nesterov": "#CC79A7",
    "rmsprop": "#009E73", "adam": "#B8860B",
    "full_batch": "#0072B2", "random_batches": "#C2447E", "mini_batches": "#3B8E5A",
    "theory": "#444444", "mark": "#D55E00", "quiet": "#9a9a9a",
}
MINIMA = ["#0072B2", "#E69F00", "#009E73", "#CC79A7"]  # which minimum a start reaches
NOWHERE = "#d9d9d9"                                     # ... or none


def new(columns=1, rows=1, width=None, height=None, **options):
    """A figure with rows x columns axes in the course's style; (figure, one ax or an array)."""
    with matplotlib.rc_context(STYLE):
        fig = Figure((width or 4.8 * columns, height or 3.6 * rows), layout="constrained")
        return fig, fig.subplots(rows, columns, **options)


def png(fig):
    """The figure as the bytes of a PNG that is the same wherever it is drawn."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        fig.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def show(fig, finding, **values):
    """Display the figure with its finding as alternative text, and print the finding below it."""
    display(Image(png(fig), alt=filled(finding, **values)))
    say(finding, **values)


def contours(ax, surface, domain=None, levels=14, points=161):
    """Draw an objective in two parameters as contours, evenly spaced in the root of its height.

    surface: objective(theta (..., 2)) -> (loss, gradient); a Surface brings its domain and minima,
    otherwise give domain ((low, high), (low, high)).
    """
    (x0, x1), (y0, y1) = domain or surface.domain
    grid = np.stack(np.meshgrid(np.linspace(x0, x1, points), np.linspace(y0, y1, points)), axis=-1)
    loss = surface(grid)[0]
    height = np.sqrt(loss - loss.min())
    marks = np.linspace(0, height.max(), levels + 1)
    ax.contourf(grid[..., 0], grid[..., 1], height, marks, cmap="Blues_r", alpha=0.45)
    ax.contour(grid[..., 0], grid[..., 1], height, marks, colors="#5f7f9f", linewidths=0.6)
    for x, y in getattr(surface, "minima", ()):
        ax.plot(x, y, marker="*", color="black", markersize=11, linestyle="none", zorder=4)
    ax.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=r"$\theta_1$", ylabel=r"$\theta_2$")
    ax.grid(False)
    return ax


def path(ax, theta, color=COLORS["gradient_descent"], label=None, **options):
    """Draw the points theta (T, 2) that a run visits, its start as a ring; label at its end."""
    theta = np.asarray(theta)
    style = {"marker": "o", "markersize": 3.5, "linewidth": 1.5, "zorder": 5, **options}
    ax.plot(theta[:, 0], theta[:, 1], color=color, **style)
    ax.plot(*theta[0], marker="o", markersize=9, markerfacecolor="white", markeredgecolor=color,
            markeredgewidth=2, zorder=6)
    if label:
        ax.annotate(label, theta[-1], xytext=(6, 6), textcoords="offset points", color=color)
    return ax


def curves(ax, x, lines, colors=None, logy=False, **options):
    """Draw lines {label: y} over x, each labelled directly at its right end.

    colors: {label: colour}; a label in COLORS finds its own.
    """
    for label, y in lines.items():
        color = (colors or {}).get(label, COLORS.get(label, COLORS["theory"]))
        ax.plot(x[:len(y)], y, color=color, **options)
    if logy:
        ax.set_yscale("log")
    label_ends(ax, {label: (x[len(y) - 1], y[-1]) for label, y in lines.items()},
               {label: line.get_color() for label, line in zip(lines, ax.lines[-len(lines):])})
    return ax


def label_ends(ax, ends, colors=None, gap=14):
    """Write each label beside the end (x, y) of its line, moved apart where they would overlap."""
    ends = {k: v for k, v in ends.items() if np.isfinite(v).all()}
    ax.get_ylim()                       # where the lines end is known when the axes have their limits
    last = -np.inf
    for label, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        at = ax.transData.transform((x, y))[1] * 72 / ax.figure.dpi
        place = max(at, last + gap)
        last = place
        ax.annotate(label, (x, y), xytext=(6, place - at), textcoords="offset points",
                    va="center", color=(colors or {}).get(label, "black"), annotation_clip=False)
    return ax


def basin_colors(reached):
    """The colours (..., RGBA) of starts that reach minimum 0, 1, ...; -1 is grey."""
    palette = matplotlib.colors.to_rgba_array([*MINIMA, NOWHERE])
    palette[:, 3] = 0.55
    return palette[np.where(np.asarray(reached) < 0, len(MINIMA), reached)]


def basin_map(ax, surface, reached):
    """Colour each start on the surface by the minimum that it reaches, and number the minima.

    reached (rows, columns): index of the minimum for starts over the surface's domain, -1 for none.
    """
    contours(ax, surface)
    (x0, x1), (y0, y1) = surface.domain
    ax.imshow(basin_colors(reached), origin="lower", extent=(x0, x1, y0, y1), zorder=2,
              interpolation="nearest")
    for k, (x, y) in enumerate(surface.minima):
        ax.annotate(str(k + 1), (x, y), xytext=(7, 5), textcoords="offset points", zorder=4)
    ax.set_aspect("equal")
    return ax


def chain(ax, names, values, slopes, factors):
    """Draw a chain of computations: values above go forward, slopes of the loss below come back.

    names are TeX; factors[k] is what the slope is multiplied with from stop k + 1 back to stop k.
    """
    forward, back = COLORS["gradient_descent"], COLORS["momentum"]
    ax.set(xlim=(-0.3, len(names) - 0.7), ylim=(-1, 1))
    ax.set_axis_off()
    for k, (name, value, slope) in enumerate(zip(names, values, slopes)):
        ax.text(k, 0, f"${name}$", ha="center", va="center", fontsize=20)
        ax.text(k, 0.62, f"{value:g}", ha="center", va="center", fontsize=14, color=forward)
        ax.text(k, -0.62, f"{slope:g}", ha="center", va="center", fontsize=14, color=back)
    for k, factor in enumerate(factors):
        for y, ends, color in [(0.1, (0.15, 0.85), forward), (-0.1, (0.85, 0.15), back)]:
            ax.annotate("", (k + ends[1], y), (k + ends[0], y),
                        arrowprops={"arrowstyle": "->", "color": color})
        ax.text(k + 0.5, -0.4, rf"$\times\,{factor:g}$", ha="center", va="center", color=back)
    return ax
