"""Questions and predictions of chapter 08."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Question("what-a-verdict-is",
             _("A claim “does not hold as stated”. What does that tell you about your own network "
               "and data?"),
             options=(
                 (_("That the claim is false there too"),
                  _("We measured it on small networks, on digits, penguins and surfaces. Yours may "
                    "differ: that is why the experiments can be run again.")),
                 (_("Nothing: small experiments say nothing about large networks"),
                  _("They can refute. “Always faster” falls with one fair counterexample, however "
                    "small.")),
                 (_("That the sentence needs a condition, and where to begin looking for it"),
                  _("Yes. The numbers are ours; the question to ask, and the way to measure it "
                    "fairly, carry over.")),
             ),
             right=2),
    Question("best-of-three-runs",
             _("A new optimizer beats Adam in your test: three runs each, Adam at its usual rate "
               "0.001, yours at a rate that you tried out. What have you shown?"),
             options=(
                 (_("That the new one is faster"),
                  _("Its rate was tuned and Adam's was not. Tune both, on seeds that you don't "
                    "report.")),
                 (_("That tuning the rate helps"),
                  _("Yes. That much is known. Give both a grid with the best rate inside it, and "
                    "compare seed by seed.")),
                 (_("Nothing, because three runs are too few"),
                  _("More runs would narrow the spread, and the comparison would be as unfair as "
                    "before.")),
             ),
             right=1),
    Prediction("how-many-hold",
               _("Of the lecture's claims, how many hold just as they stand?"),
               options=((_("Nearly all"), 0.95), (_("About two in three"), 0.67),
                        (_("About one in three"), 0.33), (_("Hardly any"), 0.05))),
)
