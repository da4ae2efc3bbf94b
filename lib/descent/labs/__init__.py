"""The live labs: sliders in, a picture and one line of numbers out; see engine.Lab for their use."""

from .engine import Lab
from .surface import basins, descent_on_a_surface, stable_rate

__all__ = ["Lab", "basins", "descent_on_a_surface", "stable_rate"]
