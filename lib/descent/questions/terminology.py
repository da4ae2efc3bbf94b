"""Questions and predictions of chapter 01."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Prediction("accumulated",
               _("Four parts of 16 instead of one batch of 64: where does the update end?"),
               options=((_("At the same weights, but for rounding"), "same"),
                        (_("Near them, but visibly elsewhere"), "near"),
                        (_("Four times as far from the start"), "far"))),
    Question("who-has-trained-more",
             _("Ann trains for 100 iterations with B = 512, Bo for 100 iterations with B = 32. "
               "Who has trained more?"),
             options=(
                 (_("Both the same: 100 iterations are 100 iterations"),
                  _("The same number of updates, yes. But Ann has computed 16 times as many "
                    "gradients of examples, so her run cost far more.")),
                 (_("Ann, in examples; in updates they are level"),
                  _("Yes: 51,200 examples against 3,200, and 100 updates each. Say which one "
                    "you count before you compare.")),
                 (_("Bo: smaller batches mean more updates"),
                  _("More updates in an epoch, yes. Here the number of updates is given, "
                    "and it is the same.")),
             ),
             right=1),
    Prediction("last-batch-weight",
               _("1,797 digits in batches of 32 leave a last batch of five. How much does one "
                 "of those five weigh in its update, compared with a digit in a full batch?"),
               options=((_("Less: only five of 32 places are filled, so 0.16 times as much"), 5 / 32),
                        (_("The same: every digit counts once in an epoch"), 1),
                        (_("6.4 times as much"), 32 / 5),
                        (_("32 times as much"), 32))),
    Question("uphill-batch",
             _("The loss of iteration 40 is 0.61, that of iteration 41 is 0.68. Did update 40 "
               "make the weights worse?"),
             options=(
                 (_("Yes: the loss went up"),
                  _("Two batches, two exams. The second may just hold harder digits.")),
                 (_("We can't tell: the two losses are of different batches"),
                  _("Yes. To compare weights, give both the same data.")),
                 (_("No: an update always makes the loss smaller"),
                  _("Not even that of its own batch, if the step is too long.")),
             ),
             right=1),
    Prediction("coverage",
               _("Each iteration draws 32 different digits anew from all 1,797. After 57 "
                 "iterations, an epoch's worth, what share of the digits has been seen?"),
               options=((_("All of them"), 1), (_("About 9 in 10"), 0.9),
                        (_("About 2 in 3"), 0.65), (_("About 1 in 3"), 0.35))),
    Question("updates-in-an-epoch",
             _("B = 32, N = 1,797. How often does one epoch update one particular weight?"),
             options=(
                 (_("Once"),
                  _("Once would be batch gradient descent, B = N. Here there are 57 updates.")),
                 (_("57 times, once in each iteration"),
                  _("Yes: an update is of all weights at once, and an epoch has ⌈1,797 / 32⌉ of them.")),
                 (_("1,797 times, once for each example"),
                  _("That is B = 1. A batch of 32 examples shares one update.")),
                 (_("32 times, once for each example of a batch"),
                  _("32 is how many examples share an update. There are as many updates as batches: "
                    "57.")),
             ),
             right=1),
    Prediction("epoch-loss",
               _("The mean of the losses of the first epoch is 1.16. Now the loss of all 1,797 "
                 "digits with the weights at its end: what will it be?"),
               options=((_("About half of that"), 0.58), (_("The same, but for rounding"), 1.16),
                        (_("About twice that"), 2.32))),
    Question("rate-and-length",
             _("Is the learning rate the length of a step?"),
             options=(
                 (_("Yes"), _("Then all steps above would have the same length. They don't.")),
                 (_("No: it is what the gradient is multiplied with"),
                  _("Yes: the length is η‖g‖. The same η gives long steps where the slope "
                    "is steep and short ones where it is gentle.")),
                 (_("Only when the batch is full"),
                  _("The batch size doesn't matter here: a step is -ηg whatever g comes from.")),
             ),
             right=1),
)
