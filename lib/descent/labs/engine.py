"""The lab engine: controls in, one picture and one line of numbers out, as fast as a slider moves.

A lab is two things: `build(fig, compact)`, which sets the scene once and returns `draw`, and the
controls. `draw(**settings)` moves what the setting moves and returns the summary, a sentence.
Artists made with `animated=True` are drawn anew at each setting, on top of a kept background; when
`draw` changes anything else, matplotlib marks the figure stale and the background is made again.
With compact=True the scene is one panel of the lab's static twin.
"""

import html
import struct
import zlib
from contextlib import contextmanager

import ipywidgets as widgets
import matplotlib
import numpy as np
from ipyevents import Event
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from traitlets import TraitError, Unicode

from ..figures import STYLE
from ..language import _, typeset, wrapped

STYLE = {**STYLE, "xtick.labelsize": 10.5, "ytick.labelsize": 10.5}
TIGHT = 'style="line-height:1.4"'
LABEL = "11em"  # width of a control's name
SMALL = {"width": "auto", "padding": "0 7px", "margin": "2px 4px 2px 0"}  # a button


def geometric(low, high, per_decade=20):
    """Numbers from low to high, evenly spaced in the logarithm, each of two digits."""
    count = round(per_decade * np.log10(high / low)) + 1
    return [float(f"{value:.2g}") for value in np.geomspace(low, high, count)]


def powers(n):
    """1, 2, 4, 8, ... and n itself at the end."""
    return [2**k for k in range(64) if 2**k < n] + [n]


class Number:
    """A number: a slider over `values` beside a field that takes any number between their ends.

    The field holds the value. With snap=True it takes the nearest of `values` instead. Both carry
    the same label, since a slider's handle has no name that a screen reader could say.
    """

    def __init__(self, label, values, value, symbol="", snap=False):
        self.symbol, self.snap, self.values = symbol, snap, list(values)
        whole = all(isinstance(v, int) for v in self.values)
        field = widgets.BoundedIntText if whole else widgets.BoundedFloatText
        options = {} if whole else {"step": None}
        self.field = field(value, min=min(values), max=max(values), description=label, **options,
                           style={"description_width": "0px"}, layout={"width": "92px"})
        self.slider = widgets.IntSlider(
            self._nearest(value), 0, len(self.values) - 1, description=label, readout=False,
            style={"description_width": LABEL}, layout={"flex": "1 1 auto", "width": "auto"})
        self.slider.observe(self._slid, "value")
        self.field.observe(self._typed, "value")
        self.row = widgets.HBox([self.slider, self.field])

    def stretch(self, values, value):
        """Give the slider other values."""
        self.values = list(values)
        low, high = min(values), max(values)
        self.field.min, self.field.max = min(low, self.field.min), max(high, self.field.max)
        self.slider.max = len(self.values) - 1
        self.field.value = value
        self.field.min, self.field.max = low, high
        self.slider.value = self._nearest(self.field.value)

    def _nearest(self, value):
        values = np.asarray(self.values, float)
        if values[0] > 0:                       # a learning rate: near means a factor near 1
            values, value = np.log(values), np.log(max(value, 1e-300))
        return int(np.abs(values - value).argmin())

    def _slid(self, change):
        if change.new != self._nearest(self.field.value):
            self.field.value = self.values[change.new]

    def _typed(self, change):
        self.slider.value = k = self._nearest(change.new)
        if self.snap:
            self.field.value = self.values[k]


class Choice:
    """One of several: options {value: what the learner reads}."""

    def __init__(self, label, options, value):
        self.field = self.row = widgets.Dropdown(
            options=[(shown, key) for key, shown in options.items()], value=value,
            description=label, style={"description_width": LABEL}, layout={"width": "auto"})


class Switch:
    """Yes or no."""

    def __init__(self, label, value=False):
        self.field = self.row = widgets.Checkbox(value, description=label, indent=False,
                                                 layout={"width": "auto", "margin": "2px 8px"})


def _in_rows(parts):
    """Each control's row; where there are several switches, they share the last."""
    rows = [part.row for part in parts]
    switches = [part.row for part in parts if isinstance(part, Switch)]
    if len(switches) < 2:
        return rows
    return [row for row in rows if row not in switches] + [
        widgets.HBox(switches, layout={"flex_flow": "row wrap",
                                       "grid_area": "auto / 1 / auto / -1"})]


class Picture(widgets.Image):
    """An image with a name: the widget's title becomes its name only if it has a description."""

    description = Unicode("").tag(sync=True)


class Lab:
    """A live lab; display it, or drive it from Python.

    lab.controls["learning_rate"].value = 0.5   one control
    lab.set(batch_size=32, learning_rate=0.1)   several at once, one redraw
    lab.set(**lab.presets["too fast"])          a setting worth seeing
    lab.summary                                 the line of numbers
    lab.png()                                   the picture
    lab.twin("slow", "fast", {"batch_size": 8}) the lab at these settings, as one static figure

    title: the picture's name for those who cannot see it. controls: {name: Number, Choice or
    Switch}; those named in `more` are behind a button. presets: {name: (label, settings)}.
    follow: {name: function(settings) -> settings}: what else changes when that control does; a
    Number's (values, value) changes its range as well. point(x, y) -> settings: what a press or
    a drag at a point of the first axes sets. legend: (colour, words) for lines whose symbols do not
    tell them apart, with a Switch's name if it hides the line. lines: what the longest summary takes, so that the picture stays in its place.
    start: settings to begin with. keep: controls that no preset touches.
    """

    def __init__(self, title, build, controls, presets, *, more=(), follow=None, point=None,
                 legend=(), lines=1, start=None, keep=(), size=(8.4, 3.5), twin_size=(2.8, 3.8)):
        self._build, self._size, self._twin_size = build, size, twin_size
        self._parts, self._follow, self._point = controls, follow or {}, point
        self._legend = legend
        self._held, self._drawn, self._background, self._pressed = 0, None, None, False
        self.summary, self.error = "", None
        self.controls = {name: part.field for name, part in controls.items()}
        for name, field in self.controls.items():
            field.observe(lambda change, name=name: self._changed(name), "value")
        with matplotlib.rc_context(STYLE):
            self.figure = Figure(size)
            self._canvas = FigureCanvasAgg(self.figure)
            self._draw = build(self.figure, False)
        self.image = Picture(format="png", tooltip=title,
                             width=f"{100 * size[0]:.0f}", height=f"{100 * size[1]:.0f}",
                             layout={"max_width": "100%", "height": "auto", "margin": "2px 0"})
        self._status = widgets.HTML(layout={"margin": "2px 8px", "flex": "1 1 0%",
                                            "min_height": f"{1.4 * lines:g}em"})
        self._colors = [widgets.HTML(layout={"margin": "0 8px"})] if legend else []
        self._held = 1                          # no picture before all is in place
        self._defaults = self.settings
        self.labels = [f"{k} {label}" for k, (label, _found) in enumerate(presets.values(), 1)]
        self.presets = {name: {k: v for k, v in self._resolve(found).items() if k not in keep}
                        for name, (_label, found) in presets.items()}
        self.set(**(start or {}))
        self._defaults = self.settings
        self._held = 0
        self.view = self._arrange(more)
        if point:
            self._listen()
        self._redraw()

    @property
    def settings(self):
        """{name: value} of all controls."""
        return {name: field.value for name, field in self.controls.items()}

    @property
    def legend(self):
        """What the colours of the picture mean, as HTML."""
        words = [f'<span style="white-space:nowrap"><span style="color:{color}">■</span>&nbsp;'
                 f'{html.escape(text)}</span>'
                 for color, text, *switch in self._legend
                 if all(self.settings[name] for name in switch)]
        return f"<div {TIGHT}>{' &ensp; '.join(words)}</div>" if self._legend else ""

    def set(self, **settings):
        """Set several controls, with one redraw; a number out of range becomes the nearest end.

        Raises ValueError for a name or a choice that does not exist.
        """
        for name in settings:
            if name not in self.controls:
                raise ValueError(f"this lab has no control {name!r}; "
                                 f"it has {', '.join(self.controls)}")
        with self._one_redraw():
            # first those that others follow, so that what follows can be overruled
            for name in sorted(settings, key=lambda name: name not in self._follow):
                self._set_one(name, settings[name])

    def _set_one(self, name, value):
        field = self.controls[name]
        if isinstance(value, tuple):
            return self._parts[name].stretch(*value)
        try:
            field.value = value
        except TraitError:
            allowed = ([key for _shown, key in field.options] if hasattr(field, "options") else
                       "a number")
            raise ValueError(f"{name} must be {allowed}, got {value!r}") from None

    def _resolve(self, settings):
        """All settings that `settings`, on top of the defaults, amounts to; the lab is unmoved."""
        before = self.settings
        self._held += 1
        try:
            self.set(**self._defaults)
            self.set(**settings)
            return self.settings
        finally:
            self.set(**before)
            self._held -= 1

    def _changed(self, name):
        with self._one_redraw():
            if name in self._follow:
                self.set(**self._follow[name](self.settings))

    @contextmanager
    def _one_redraw(self):
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._redraw()

    def _redraw(self):
        settings = self.settings
        if self._held or settings == self._drawn:
            return
        self._drawn = settings
        try:
            with matplotlib.rc_context(STYLE):
                self.summary = self._draw(**settings)
                picture = self.png()
            self.error = None
            self.image.value = picture
        except Exception as error:              # a lab answers every setting with a sentence
            self.error = error
            self.summary = _("There is no picture for this setting: {reason}.").format(reason=error)
        for colors in self._colors:
            colors.value = self.legend
        self._status.value = (f'<div role="status" {TIGHT}>{html.escape(typeset(self.summary))}'
                              "</div>")

    def png(self):
        """The present picture as the bytes of a PNG."""
        if self.figure.stale or self._background is None:
            self._canvas.draw()
            self._background = self._canvas.copy_from_bbox(self.figure.bbox)
        else:
            self._canvas.restore_region(self._background)
        moving = [a for ax in self.figure.axes for a in ax.get_children() if a.get_animated()]
        for artist in sorted(moving, key=lambda artist: artist.zorder):
            artist.axes.draw_artist(artist)
        return quick_png(np.asarray(self._canvas.buffer_rgba()))

    def twin(self, *settings, columns=None):
        """A static figure of the lab at these settings: names of presets, or dicts of settings.

        Each panel is titled with a letter and the symbols of the numbers that differ.
        """
        found = [self._resolve(self.presets[s] if isinstance(s, str) else s) for s in settings]
        width, height = self._twin_size
        columns = columns or max(1, min(len(found), round(self._size[0] // width)))
        rows = -(-len(found) // columns)
        with matplotlib.rc_context(STYLE):
            fig = Figure((width * columns, height * rows))
            panels = fig.subfigures(rows, columns, squeeze=False).ravel()
            for panel, one in zip(panels, found):
                self._build(panel, True)(**one)
                panel.suptitle(self._symbols(one, found), fontsize=12, y=0.985)
            for artist in fig.findobj(lambda artist: artist.get_animated()):
                artist.set_animated(False)
        return fig

    def _symbols(self, one, others):
        letter = "abcdefghijklmnopqrstuvwxyz"[others.index(one) % 26]
        return ", ".join([rf"$\mathbf{{{letter}}}$"] + [
            f"${part.symbol} = {one[name]:g}$" for name, part in self._parts.items()
            if getattr(part, "symbol", "") and len({other[name] for other in others}) > 1])

    def pictures(self, *settings):
        """The lab at these settings, as (summary, PNG) each; it is as before afterwards."""
        found = [self._resolve(one) for one in settings]
        with matplotlib.rc_context(STYLE):
            result = [(self._draw(**one), self.png()) for one in found]
        self._drawn = None
        self._redraw()
        return result

    def projected(self, presets, controls=None):
        """A view for a slide: some presets, by number, and some controls, by name.

        The other presets are there too, unseen, for the keys that press them.
        """
        buttons = self._buttons()
        for k, button in enumerate(buttons, start=1):
            button.add_class("preset" if k in presets else "unseen")
            if k in presets:
                button.layout = {**SMALL, "order": str(presets.index(k))}
        shown = ([self._parts[name].row for name in controls] if controls is not None else
                 self.view.children[1].children)
        rows = {"top": [widgets.HBox(buttons).add_class("keys"), *self._colors],
                "settings": shown, "lab-picture": [self.image], "summary": [self._status]}
        return widgets.VBox([widgets.HBox(children).add_class(name)
                             for name, children in rows.items()]).add_class("lab")

    def _buttons(self):
        buttons = [widgets.Button(description=label, layout=SMALL) for label in self.labels]
        for button, settings in zip(buttons, self.presets.values()):
            button.on_click(lambda _button, settings=settings: self.set(**settings))
        return buttons

    def _arrange(self, more):
        grid = {"grid_template_columns": "repeat(auto-fit, minmax(min(380px, 100%), 1fr))",
                "width": "100%", "grid_gap": "0 16px"}
        rows = [widgets.GridBox(_in_rows([part for name, part in self._parts.items()
                                          if (name in more) == hidden]), layout=grid)
                for hidden in (False, True)]
        if more:
            toggle = widgets.ToggleButton(False, description=_("more"), icon="sliders",
                                          tooltip=_("more controls"), layout=SMALL)
            rows[1].layout.display = "none"
            toggle.observe(lambda change: setattr(rows[1].layout, "display",
                                                  "grid" if change.new else "none"), "value")
        wrap = {"flex_flow": "row wrap"}
        return widgets.VBox([widgets.HBox(self._buttons(), layout=wrap), *rows,
                             widgets.HBox([self._status, *([toggle] if more else [])]),
                             *self._colors, self.image],
                            layout={"max_width": f"{100 * self._size[0] + 8:.0f}px"})

    def _listen(self):
        # The synced xy is held back while the kernel is busy, so a drag never queues up; press and
        # release are messages of their own, and the release brings the final place. Coordinates
        # are relative to the image as shown: its natural size reads 0 while a new picture loads.
        self._events = Event(source=self.image, prevent_default_action=True,
                             watched_events=["mousedown", "mouseup", "mouseleave"],
                             xy_coordinate_system="relative")
        self._events.on_dom_event(self._pressing)
        self._events.observe(lambda change: self._pressed and self._point_at(*change.new), "xy")

    def _pressing(self, event):
        place = event.get("relativeX", -1), event.get("relativeY", -1)
        if event["event"] == "mousedown" and event.get("button", 0) == 0:
            self._shown_width = event.get("boundingRectWidth") or self.figure.bbox.width
            self._pressed = self.figure.axes[0].bbox.padded(8).contains(*self._pixel(*place))
        if self._pressed and event["event"] != "mouseleave":
            self._point_at(*place)
        if event["event"] != "mousedown":
            self._pressed = False

    def _pixel(self, x, y):
        scale = self.figure.bbox.width / self._shown_width
        return x * scale, self.figure.bbox.height - y * scale

    def _point_at(self, *place):
        ax = self.figure.axes[0]
        point = ax.transData.inverted().transform(self._pixel(*place))
        self.set(**self._point(*(float(np.clip(value, *sorted(limits))) for value, limits in
                                 zip(point, (ax.get_xlim(), ax.get_ylim())))))

    def __repr__(self):
        return wrapped(self.summary)

    def _repr_mimebundle_(self, **_options):
        bundle = self.view._repr_mimebundle_() or {}
        return {**bundle, "text/plain": repr(self)}


def quick_png(pixels):
    """A PNG of pixels (height, width, RGBA), opaque, compressed as little as pays."""
    height, width = pixels.shape[:2]
    lines = np.zeros((height, 1 + 3 * width), np.uint8)    # a 0 before each line: no filter
    lines[:, 1:].reshape(height, width, 3)[:] = pixels[..., :3]

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(lines, 1)) + chunk(b"IEND", b""))


def within(values, limit=1e9):
    """The values as something that can be drawn: NaN and what lies beyond the limit are cut."""
    return np.clip(np.nan_to_num(values, nan=limit, posinf=limit, neginf=-limit), -limit, limit)


def plain(value, digits=3):
    """A number for a sentence: three digits, no sign on zero, `0` for what is below 1e-12."""
    value = float(f"{value:.{digits}g}")
    return f"{value if abs(value) > 1e-12 else 0:g}"


def round_up(value):
    """The next of 1, 2, 5, 10, 20, 50, ...: the end of an axis."""
    power = 10.0 ** np.floor(np.log10(max(value, 1e-9)))
    return next(float(f * power) for f in (1, 2, 5, 10) if value <= f * power)
