"""Questions and predictions of chapter 02."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Question("gradient-points-at-minimum",
             _("You stand anywhere in the ravine. Where does −g point?"),
             options=(
                 (_("At the minimum"),
                  _("Only by luck. The gradient is the slope here; it has not seen the valley. The "
                    "next cells measure how far it can miss.")),
                 (_("In the direction in which the loss falls fastest for a short step"),
                  _("Yes: that, and nothing about what comes later. In a ravine it points across, "
                    "at the other wall.")),
                 (_("Along the contour"),
                  _("Along the contour the loss does not change at all; the gradient is "
                    "perpendicular to it.")),
             ),
             right=1),
    Question("rate-is-length",
             _("η stays 0.02 for the whole run. How long are the steps?"),
             options=(
                 (_("All of length 0.02"),
                  _("That would be so if every gradient had length 1. The step is η times g, so its "
                    "length is η‖g‖.")),
                 (_("Long where the slope is steep, shorter and shorter near the minimum"),
                  _("Yes: the length is η‖g‖, and ‖g‖ goes to 0 at the minimum. So a constant rate "
                    "can arrive, where a constant length would jump to and fro.")),
                 (_("Long on flat ground, short where it is steep"),
                  _("It would be wise, and it is the other way round: the step grows with the "
                    "slope.")),
             ),
             right=1),
    Prediction("fastest-rate",
               _("κ = 25, and above η = 0.08 it diverges. At which rate does gradient descent come "
                 "closer fastest?"),
               options=((_("About 0.02, a quarter of the limit: well on the safe side"), 0.02),
                        (_("About 0.04, half the limit: the steep direction is gone in one step"),
                         0.04),
                        (_("About 0.077, just below the limit"), 0.077))),
    Prediction("uphill-or-not",
               _("η = 0.5 goes downhill in each of 300 iterations, η = 1 goes uphill in some. "
                 "Which ends with the lower loss?"),
               options=((_("The one that always goes downhill"), "steady"),
                        (_("The one that sometimes goes uphill"), "uphill"),
                        (_("None: η = 1 diverges, so they can't be compared"), "diverges"))),
    Prediction("rescaled-feature",
               _("Centimetres instead of millimetres, every x divided by 10. How many times larger "
                 "is the largest stable rate?"),
               options=((_("0.1 times: it shrinks"), 0.1), (_("As large as before"), 1),
                        (_("10 times"), 10), (_("100 times"), 100))),
    Prediction("deeper-well",
               _("10,000 starts, two wells, the left one deeper. How many in a hundred end in the "
                 "deeper one?"),
               options=((_("About 50"), 50), (_("About 75"), 75), (_("All, or nearly all"), 100))),
    Question("zero-gradient",
             _("Training stops at a point where the gradient is zero. What is that point?"),
             options=(
                 (_("A minimum, local or global"),
                  _("It may be. But the top of a hill and the middle of a pass are flat as well.")),
                 (_("The global minimum: the loss can't be improved"),
                  _("It can't be improved by a short step, to first order. That is all that a zero "
                    "gradient says.")),
                 (_("It can't be told from the gradient alone"),
                  _("Yes. A minimum, a maximum and a saddle point are all flat; the curvatures tell "
                    "them apart.")),
                 (_("A saddle point: with many parameters it is always one"),
                  _("With many parameters most flat points are saddles, but not all of them. The "
                    "gradient is zero on each kind.")),
             ),
             right=2),
    Prediction("steps-from-saddle",
               _("From a millionth beside the ridge, at η = 0.1, to 0.5: how many iterations?"),
               options=((_("About 10"), 10), (_("About 140"), 140), (_("About 10,000"), 10_000),
                        (_("About 5 million: it is 500,000 times as far"), 5_000_000))),
    Prediction("variants-faster",
               _("Digits, each method at its best rate, counted in passes over the data: how many "
                 "times faster than plain gradient descent is the best variant?"),
               options=((_("No faster"), 1), (_("About 3 times"), 3), (_("About 30 times"), 30),
                        (_("300 times or more"), 300))),
    Prediction("variants-stuck",
               _("Do the smart variants get stuck in local minima?"),
               options=((_("Never"), "never"),
                        (_("Less often than gradient descent, on every landscape"), "less"),
                        (_("It depends on the landscape"), "depends"),
                        (_("As often as gradient descent"), "as often"))),
)
