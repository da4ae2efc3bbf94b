"""Questions and predictions of chapter 05."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Question("beta-is-friction",
             _("A colleague raises β from 0.9 to 0.99 at the same η. What has changed for the "
               "ball?"),
             options=(
                 (_("It is heavier, so gravity pulls more"),
                  _("The pull is −g, as before. What has changed is how much of its speed it "
                    "loses on the way.")),
                 (_("It has a tenth of the friction"),
                  _("Yes: 1 − β is the share of the velocity that is lost in an iteration, and c = "
                    "(1 − β)/h. It went from 0.1 to 0.01.")),
                 (_("It has more friction"),
                  _("The other way round: β is what is kept, 1 − β what is lost.")),
             ),
             right=1),
    Prediction("long-run-step",
               _("The slope is the same everywhere, g = 1. β = 0.9. After many iterations, how many "
                 "times as long as gradient descent's are Momentum's steps, at the same rate?"),
               options=((_("0.9 times"), 0.9), (_("1.9 times"), 1.9), (_("10 times"), 10),
                        (_("They grow without end"), 1e6))),
    Prediction("averaged-noise",
               _("Twenty walks from the minimum, batches of 8. Momentum adds up some ten gradients, "
                 "and goes at the fair rate. How many times lower is its noise floor?"),
               options=((_("10 times: ten errors average out"), 10),
                        (_("About 3 times: the root of 10"), 3.16), (_("It is the same"), 1),
                        (_("It is 10 times higher"), 0.1))),
    Prediction("momentum-at-ten",
               _("κ = 10. Gradient descent at its best rate needs 69 iterations to bring the error "
                 "below a millionth. And Momentum with the usual β = 0.9, at its own best rate?"),
               options=((_("About 25"), 25), (_("About 69: the same"), 69), (_("About 250"), 250))),
    Prediction("momentum-limit",
               _("Gradient descent diverges above 2/λ. With β = 0.9, where is Momentum's limit?"),
               options=((_("At a tenth of that, for its steps become ten times as long"), 0.1),
                        (_("At the same rate: curvature decides"), 1),
                        (_("At 1.9 times that rate"), 1.9), (_("At 10 times that rate"), 10))),
    Question("same-rate-other-library",
             _("Your program averages gradients, (1 − β) g, with η = 0.1 and β = 0.9. You move to a "
               "library whose velocity sums them and keep both numbers. What happens?"),
             options=(
                 (_("Nothing: it is the same method"),
                  _("It is the same method at another rate, and that is not nothing.")),
                 (_("The steps are ten times as long; it may diverge"),
                  _("Yes: the sum is 1/(1 − β) times the average. η = 0.01 is what you want.")),
                 (_("The steps are a tenth as long; it becomes slow"),
                  _("The sum is larger than the average, not smaller.")),
             ),
             right=1),
    Prediction("deeper-well-by-momentum",
               _("Gradient descent takes 52 of 100 starts to the deeper well. And Momentum, with "
                 "η = 0.02 and β = 0.9?"),
               options=((_("About 40: it rolls out of it"), 40), (_("Hardly more: about 57"), 57),
                        (_("About 75"), 75), (_("All, or nearly all"), 100))),
    Question("resting-ball",
             _("Gradient descent has come to rest in a local minimum. You switch Momentum on. What "
               "happens?"),
             options=(
                 (_("It rolls out, if β is large enough"),
                  _("With what? The velocity is a sum of gradients, and there they are all zero.")),
                 (_("Nothing"),
                  _("Yes. The gradient is zero and so is the velocity. Momentum can pass a minimum "
                    "on the way; it doesn't leave one in which it rests.")),
                 (_("It depends on how deep the minimum is"),
                  _("The depth matters to a ball that comes rolling. This one lies still.")),
             ),
             right=1),
)
