"""Questions and predictions of chapter 03."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Prediction("one-example-step",
               _("The same learning rate, and a step computed from one bird instead of all 342. "
                 "How long is it, compared with the full step?"),
               options=((_("Shorter: a quarter of it"), 0.25), (_("About as long"), 1),
                        (_("Longer: about 7 times"), 7))),
    Question("noisy-but-right",
             _("The gradient of a random batch points elsewhere than the full one. Why can we use "
               "it at all?"),
             options=(
                 (_("Because the error is small"),
                  _("It need not be: near the minimum it is larger than the gradient itself.")),
                 (_("Because it is right on average, and errors of many steps average out"),
                  _("Yes. It is unbiased: the mean over all batches is the full gradient.")),
                 (_("Because every batch's gradient goes downhill on the full loss"),
                  _("Many don't: some of the dots above point to the other side of the full "
                    "gradient.")),
             ),
             right=1),
    Prediction("cloud-size",
               _("Four times the batch size: how many times narrower is the cloud of gradients?"),
               options=((_("No narrower"), 1), (_("2 times"), 2), (_("4 times"), 4),
                        (_("16 times"), 16))),
    Question("full-gradient-best",
             _("The full gradient has no error. Doesn't that make batch gradient descent the best "
               "of the three?"),
             options=(
                 (_("Yes: the true direction must win"),
                  _("For one step it does. At equal cost you would compare it with many steps that "
                    "are nearly as good.")),
                 (_("Not at equal cost: far from the minimum, a rough direction many times beats a "
                    "perfect one once"),
                  _("Yes. Precision pays late, when the gradient is smaller than its noise.")),
                 (_("No: the full gradient gets stuck in local minima"),
                  _("It may, and so may the others. That isn't the reason here: this bowl has one "
                    "minimum.")),
             ),
             right=1),
    Prediction("quarter-rate",
               _("The same batch size and a quarter of the learning rate: how many times lower is "
                 "the noise floor?"),
               options=((_("No lower: the noise is in the data"), 1), (_("2 times"), 2),
                        (_("4 times"), 4), (_("16 times"), 16))),
    Prediction("stable-for-one",
               _("The full gradient is stable below 2/λ. Now B = 1 at 0.7 of that rate, 20 walks. "
                 "What happens?"),
               options=((_("All are stable, they only rattle more"), "stable"),
                        (_("Some diverge"), "some"), (_("Nearly all diverge"), "diverges"))),
    Question("hovering",
             _("The loss has stopped falling and goes up and down around a level. Is the network at "
               "a minimum?"),
             options=(
                 (_("Yes: it has converged"),
                  _("It may hover above one. Lower the learning rate and see if the level sinks.")),
                 (_("Not necessarily: this looks like the noise floor"),
                  _("Yes. A lower rate or a larger batch would bring the level down.")),
                 (_("No: going up and down means that the learning rate is unstable"),
                  _("On a bowl an unstable run grows without bound. Hovering at a level is what noise "
                    "does at a stable rate.")),
             ),
             right=1),
    Prediction("reshuffled-floor",
               _("A low learning rate, η = 0.0025, and batches of 18. At the ends of the epochs, how "
                 "many times lower is the floor when the batches are cut from a shuffle instead "
                 "of drawn?"),
               options=((_("It is the same"), 1), (_("About 5 times"), 5),
                        (_("About 30 times"), 30))),
    Question("epoch-order",
             _("Someone shuffles once, and every epoch deals the same batches in the same order. What "
               "is lost?"),
             options=(
                 (_("Examples that are never seen"),
                  _("A cut shuffle sees them all, with an old order as with a new one.")),
                 (_("Nearly everything: the errors can't cancel any more"),
                  _("They cancel within an epoch, since its batches are together all of the data. "
                    "That is so in an old order, too.")),
                 (_("Less than one would think, but an unlucky order stays unlucky"),
                  _("Yes. The proof for the low floor covers one shuffle for all epochs as well. A "
                    "new one each time is cheap insurance, above all if a short batch is left: it "
                    "would always be the same few.")),
             ),
             right=2),
    Prediction("best-rate",
               _("From B = 1 to B = 32, five epochs each: how many times larger is the best "
                 "learning rate?"),
               options=((_("Smaller: half of it"), 0.5), (_("The same"), 1),
                        (_("About 8 times"), 8), (_("About 64 times"), 64))),
    Question("double-batch",
             _("You double the batch size and keep the number of epochs. What should you try with "
               "the learning rate?"),
             options=(
                 (_("Leave it: the gradient is a mean, so its size stays the same"),
                  _("Its mean does. But there are half as many updates, and less noise in each.")),
                 (_("Raise it, up to what is stable, and look"),
                  _("Yes. With half the updates each should go further, and less noise allows it, "
                    "until the shape of the loss sets the limit.")),
                 (_("Lower it: more examples make a larger gradient"),
                  _("A sum would grow with the batch; a mean does not.")),
             ),
             right=1),
)
