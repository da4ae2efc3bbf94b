"""The live labs: sliders in, a picture and a line of numbers out; engine.Lab says how to use them."""

from .clock import training_clock
from .depth import depth
from .engine import Lab
from .first import first_lab
from .heat import rate_by_batch
from .inside import inside
from .race import race
from .surface import basins, descent_on_a_surface, stable_rate
from .ways import bowl, gradient_cloud, shrinkage, three_ways

__all__ = ["Lab", "basins", "bowl", "depth", "descent_on_a_surface", "first_lab", "gradient_cloud",
           "inside", "race", "rate_by_batch", "shrinkage", "stable_rate", "three_ways",
           "training_clock"]
