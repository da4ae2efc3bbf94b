"""The first exercise: how a check answers."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake


def forward(x, w, b):
    """The output of one neuron without activation for each row of x."""
    return x @ w + b


def _cases(rng):
    return [(rng.integers(-3, 4, (n, p)) + 0.5, rng.integers(1, 4, p) * 1.5, 2.5)
            for n, p in ((2, 2), (3, 3), (5, 2))]


EXERCISES = (
    Exercise(
        forward, cases=_cases,
        returns=_("an array with one number for each row of x"),
        praise=_("every input is weighted and the bias is added once"),
        mistakes=(
            Mistake("no-bias", _("the bias is missing: add b at the end."),
                    lambda x, w, b: x @ w),
            Mistake("bias-subtracted", _("the bias is subtracted: add b."),
                    lambda x, w, b: x @ w - b),
            Mistake("bias-for-each-input",
                    _("b is added once for every input: add it once, after the sum."),
                    lambda x, w, b: (x * w + b).sum(axis=1)),
            Mistake("bias-weighted", _("b is multiplied by the weights too: add it after x @ w."),
                    lambda x, w, b: (x + b) @ w),
            Mistake("not-summed", _("the inputs are weighted but not added up: sum over each row, "
                                    "as x @ w does."),
                    lambda x, w, b: x * w + b),
            Mistake("one-sum",
                    _("the sum runs over all rows: sum over each row alone, as x @ w does."),
                    lambda x, w, b: np.sum(x * w) + b),
        )),
)
