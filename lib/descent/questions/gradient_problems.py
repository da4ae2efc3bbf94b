"""Questions and predictions of chapter 04."""

from . import Prediction, Question
from ..language import mark as _      # the widget translates the text when it is shown

QUESTIONS = (
    Prediction("ten-sigmoid-layers",
               _("One layer back the signal is about four times shorter. How many times shorter is "
                 "it nine layers back, in hidden layer 1?"),
               options=((_("About 4 times: it settles"), 4),
                        (_("About 40 times: nine times four, more or less"), 40),
                        (_("About 400,000 times"), 400_000))),
    Question("small-gradient-at-minimum",
             _("The gradient of the first layer's weights has length 0.0000001. Is training close "
               "to a minimum?"),
             options=(
                 (_("Yes: at a minimum the gradient is zero"),
                  _("It is zero there, and in other places too. This network has not been trained "
                    "at all, and its loss is that of guessing.")),
                 (_("That can't be told from it: the signal may have died on its way back"),
                  _("Yes. Small in early layers and not in late ones is the mark of a vanishing "
                    "gradient; near a minimum it is small in all of them, and the loss is low.")),
                 (_("Yes, if the learning rate is small as well"),
                  _("The learning rate has no part in the gradient. It only scales the step.")),
                 (_("No: at a minimum it would be exactly zero"),
                  _("Close to a minimum it is small and not yet zero, so this could be one. Whether "
                    "it is must be seen from something else: here the loss is that of guessing.")),
             ),
             right=1),
    Prediction("same-weights-three-activations",
               _("Ten layers, the same weights, three activation functions. Which of them leaves "
                 "most of the signal for the first layer?"),
               options=((_("The sigmoid"), "sigmoid"), (_("Tanh"), "tanh"), (_("ReLU"), "relu"))),
    Question("relu-never-vanishes",
             _("ReLU's slope is 1 wherever a unit is on. So can the signal in a ReLU network never "
               "vanish?"),
             options=(
                 (_("Right: ones multiply to one"),
                  _("About half of the units are off, with slope 0, and the weights are in the "
                    "product as well.")),
                 (_("It can, if the scale of the weights is below √2"),
                  _("Yes. The factor is the scale times √½. Xavier's weights already lose 29 % a "
                    "layer.")),
                 (_("It can, but only if all units are dead"),
                  _("Then it is exactly 0. But it falls exponentially long before, whenever the "
                    "weights don't make up for the units that are off.")),
             ),
             right=1),
    Prediction("eight-sigmoid-layers",
               _("The best of seven learning rates, five epochs, eight sigmoid layers, the output "
                 "layer's gradient as large as ever. How many of the unseen digits are right?"),
               options=((_("About 10 %, as by guessing"), 10),
                        (_("About 50 %: the last layers learn what they can"), 50),
                        (_("About 90 %: with the right rate it works"), 90))),
    Question("exploding-is-the-rate",
             _("A loss of NaN after three updates. Does it mean that the learning rate is too "
               "large?"),
             options=(
                 (_("Yes: that is what exploding means"),
                  _("Too large for this gradient, yes. But the gradient explodes on its way back, "
                    "before any rate has been chosen.")),
                 (_("Not by itself: the rate may be too large, or the gradient"),
                  _("Yes. Look at the first gradient, layer by layer. If the signals grow "
                    "exponentially backwards, it is the network; if not, it is the rate.")),
                 (_("No: the rate has nothing to do with it"),
                  _("A step is rate times gradient. With a rate that is small enough nothing "
                    "overflows, though that doesn't make the network learn.")),
             ),
             right=1),
    Prediction("hundredth-of-the-rate",
               _("The exploding network at the same weights, with the learning rate 100 times "
                 "lower. What does the first layer's gradient do now?"),
               options=((_("It is 100 times smaller"), 0.01),
                        (_("It is smaller, but less than 100 times"), 0.3),
                        (_("It is the same"), 1))),
    Prediction("turned-by-clipping",
               _("We cut every component of the exploding network's gradient to between −0.1 and "
                 "0.1. By what angle does that turn the gradient?"),
               options=((_("Not at all: clipping only shortens"), 0),
                        (_("About 10°"), 10), (_("About 50°"), 50))),
    Question("clipping-is-a-lower-rate",
             _("Clipping by norm shortens the step and keeps its direction. Isn't that just a lower "
               "learning rate?"),
             options=(
                 (_("Yes, a lower rate by another name"),
                  _("A lower rate shortens every step, also the many that were fine.")),
                 (_("For one step, yes; over a run, no: it shortens only the steps that are too "
                    "long"),
                  _("Yes. It is a rate that falls where the gradient is large and comes back when "
                    "it isn't.")),
                 (_("No: it also changes the gradient that backpropagation computes"),
                  _("It takes that gradient and shortens it. The next backward pass explodes just "
                    "as before, if the weights are still of that scale.")),
             ),
             right=1),
)
