"""Questions and predictions of chapter 07."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Prediction("uncorrected-first-step",
               _("Adam's first step has length η in every coordinate. Without the bias correction, "
                 "how long is it? (β1 = 0.9, β2 = 0.999)"),
               options=((_("0.1 η: the mean m has taken in only a tenth of g"), 0.1),
                        (_("About η: the two biases cancel"), 1),
                        (_("About 3 η"), 3.16),
                        (_("About 100 η"), 100))),
    Prediction("default-rate",
               _("Five epochs on digits. Adam at η = 0.001, its famous default: how many times as "
                 "large is the loss as at Adam's best rate?"),
               options=((_("As large: Adam adapts its rate"), 1), (_("About twice"), 2),
                        (_("About 15 times"), 15))),
    Question("adam-needs-no-rate",
             _("“Adam adapts its learning rate, so I needn't choose one.” Is that so?"),
             options=(
                 (_("Yes: η cancels like the scale of the loss does"),
                  _("η is what is left when that has cancelled: the length of a step.")),
                 (_("No: Adam adapts to the size of the gradients, and η still says how far to go"),
                  _("Yes. It takes away one reason to tune, the scale of the loss and of each "
                    "parameter. How far to walk per step it can't know.")),
                 (_("Yes, if it is trained for long enough"),
                  _("A rate that is too low may get there in time. One that is too high doesn't: "
                    "see the right end of the curves.")),
             ),
             right=1),
    Question("adam-memory",
             _("A model of 7 billion weights fills 28 gigabytes in 32-bit numbers. What does Adam "
               "add?"),
             options=(
                 (_("Next to nothing: it is an update rule, not a model"),
                  _("It remembers two numbers for every weight.")),
                 (_("28 gigabytes"), _("That would be Momentum or RMSProp: one number a weight.")),
                 (_("56 gigabytes"),
                  _("Yes: m and v, two numbers a weight, and the gradient comes on top. For the nets "
                    "of this course it is nothing, for such a model it decides what fits.")),
                 (_("112 gigabytes"),
                  _("That is all four together: weights, gradient, m and v. Adam's own part is two of "
                    "them.")),
             ),
             right=2),
    Prediction("rare-truth",
               _("Of every three batches one says “go left” with gradient 3, two say “go right” with "
                 "−1. Together: go left, to −1. Where does Adam end, with β1 = 0 and β2 = 0.1?"),
               options=((_("At −1, the best point"), "best"),
                        (_("Somewhere between, undecided"), "between"),
                        (_("At +1, the worst point"), "worst"))),
    Prediction("epsilon-inside",
               _("ε = 10⁻⁸ is moved under the root: √(v + ε). Gradients below which size are now "
                 "held back to half their step or less?"),
               options=((_("About 10⁻¹⁶: a root makes small numbers larger"), 1e-16),
                        (_("About 10⁻⁸, as before"), 1e-8), (_("About 10⁻⁴"), 1e-4))),
)
