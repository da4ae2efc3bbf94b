"""What the lecture says about all optimizers together, G2 and G3."""

import numpy as np

from . import Condition, claim
from .landscapes import SETTINGS, share
from .race import N, SIZE, epochs, work
from ..language import mark as _


@claim("G2", _("Clever variants and optimizers find the minimum faster."),
       reference="Choi et al. 2019, arXiv:1910.05446", anchor="Find-the-minimum-faster",
       note=_("small batches bring most of it, in epochs; fewer updates only the optimizers bring"))
def faster(seeds):
    """The race on digits, every method at its best rate, to a rough and to an exact answer.

    What batches bring and what the optimizer brings is measured apart: batches of 32 with gradient
    descent, and the optimizers with the same batches as gradient descent.
    """
    batches, counted = (_("only the batches change, to B = 32"),
                        _("only the batches change, and updates are counted"))
    few, many = (_("only the optimizer changes, B = 32 for both"),
                 _("only the optimizer changes, both with the full batch"))
    plain = "gradient descent"
    conditions = [condition for target, longer, oftener in (
        (0.1, _("epochs to a loss of 0.1, SGD over gradient descent"),
         _("updates to a loss of 0.1, SGD over gradient descent")),
        (0.01, _("epochs to a loss of 0.01, SGD over gradient descent"),
         _("updates to a loss of 0.01, SGD over gradient descent"))) for condition in (
            Condition(batches, longer, epochs(plain, SIZE, target, seeds)
                      / epochs(plain, N, target, seeds), "<", 1),
            Condition(counted, oftener, work(plain, SIZE, target, seeds)
                      / work(plain, N, target, seeds), "<", 1))]
    for method, metric in (
            ("momentum", _("epochs to a loss of 0.01, Momentum over gradient descent or SGD")),
            ("nesterov", _("epochs to a loss of 0.01, Nesterov over gradient descent or SGD")),
            ("rmsprop", _("epochs to a loss of 0.01, RMSProp over gradient descent or SGD")),
            ("adam", _("epochs to a loss of 0.01, Adam over gradient descent or SGD"))):
        conditions += [Condition(label, metric, epochs(method, size, 0.01, seeds)
                                 / epochs(plain, size, 0.01, seeds), "<", 1)
                       for label, size in ((many, N), (few, SIZE))]
    return conditions


@claim("G3", _("They do so without getting stuck in local minima."),
       reference="Kleinberg, Li & Yuan 2018, ICML, arXiv:1802.06175", anchor="Get-stuck,-or-not",
       note=_("on ripples a large rate that falls is enough; no method gets into a narrow hole"))
def without_getting_stuck(seeds):
    """The shared landscapes: of Momentum, Nesterov, RMSProp and Adam the best one, seed by seed."""
    metric = _("share of starts that end in the global minimum, the best of the four")
    return [Condition(label, metric,
                      np.max([share(where, method, seeds, lr) for method in
                              ("momentum", "nesterov", "rmsprop", "adam")], axis=0),
                      ">=", 0.99, ".2%") for label, where, lr in SETTINGS]
