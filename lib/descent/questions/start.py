"""Questions and predictions of chapter 00."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Prediction("longer-step",
               _("With η = 0.1 one step takes the loss from 1 to 0.02. Where does a step with "
                 "η = 0.4 take it, in the same direction and four times as long?"),
               options=((_("Much further down, to about 0.006"), 0.006),
                        (_("To about 0.02 again: that is the bottom"), 0.02),
                        (_("To about 0.2: some of the gain is lost"), 0.2),
                        (_("To about 3: worse than before the step"), 3))),
    Question("what-backward-gives",
             _("What does the backward pass work out?"),
             options=(
                 (_("The new weights"),
                  _("Not yet: it leaves the weights alone. The update, θ - ηg, makes new ones.")),
                 (_("How the loss would change if one weight were nudged, for every weight"),
                  _("Yes: one slope for each weight, all of them from a single walk back.")),
                 (_("Which inputs would have given the right answer"),
                  _("The data stay as they are: slopes are taken with respect to the weights.")),
             ),
             right=1),
)
