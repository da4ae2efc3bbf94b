"""Questions and predictions of chapter 06."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Question("why-the-mean",
             _("Why divide by the root of a mean over many iterations, and not simply by |g|, the "
               "size of the gradient at hand?"),
             options=(
                 (_("Because |g| can be zero"),
                  _("It can, and so can the mean of its square. For that there is ε.")),
                 (_("Because steps that should cancel would not"),
                  _("Yes. g/|g| is the sign of g. Nine batches with gradient 0.1 and one with −0.9 "
                    "add up to nothing, but their signs walk eight steps. Divided by about the same "
                    "number, they still cancel.")),
                 (_("Because a square is easier to differentiate than |g|"),
                  _("Nothing is differentiated here: s only decides how far to go.")),
             ),
             right=1),
    Prediction("loss-times-thousand",
               _("Every loss, and so every gradient, is multiplied by 1,000. Nothing else changes. "
                 "What does RMSProp do?"),
               options=((_("It diverges"), "diverges"),
                        (_("It takes steps 1,000 times as long, and arrives sooner"), "longer"),
                        (_("It takes steps 1,000 times as short"), "shorter"),
                        (_("It walks the same path"), "same"))),
    Prediction("gradient-spike",
               _("The gradient has been 1 for a long time. Now, once, it is 10. ρ = 0.9. How long is "
                 "this step, compared with the one before?"),
               options=((_("A tenth of it: RMSProp makes steps smaller where gradients are large"),
                         0.1),
                        (_("As long"), 1), (_("3 times as long"), 3),
                        (_("10 times as long"), 10))),
    Question("bound-is-enough",
             _("No component of a step is longer than 3.2 η. Can RMSProp still make the loss "
               "explode?"),
             options=(
                 (_("No: short steps cannot do harm"),
                  _("Short in each coordinate. On a steep loss, or with a large η, a step of 3.2 η "
                    "is long enough to climb the other wall.")),
                 (_("Yes: the step is bounded, the loss is not"),
                  _("Yes. The bound makes the step independent of the size of the gradient. How much "
                    "the loss changes along it depends on the loss.")),
                 (_("Yes: the gradient itself can overflow"),
                  _("It can, if it passes 10³⁰⁰. Long before that there is a simpler reason.")),
             ),
             right=1),
    Prediction("turned-ravine",
               _("RMSProp is through with the straight ravine in 3 iterations. The same ravine is "
                 "turned by 30°, and every start with it; rate and decay are tuned anew. How many "
                 "iterations now?"),
               options=((_("3: it is the same ravine"), 3), (_("About 20"), 20),
                        (_("More than 100"), 130))),
    Prediction("first-layer-step",
               _("The first layer's gradient is about 100,000 times smaller than the last's. How many "
                 "times shorter is RMSProp's first step there?"),
               options=((_("Not shorter: as long as in the last layer"), 1),
                        (_("About 300 times: the root of it"), 300),
                        (_("About 100,000 times"), 100_000))),
)
