import numpy as np
from descent import say
from descent.language import _ as translated


def compare(call, mine, right, **values):
    """Print what a call gives beside what it should give, with six digits."""
    def shown(value):
        if isinstance(value, (tuple, list)):
            return "(" + ", ".join(map(shown, value)) + ")"
        value = translated(value) if isinstance(value, str) else value
        text = np.array2string(np.asarray(value), precision=6, separator=", ")
        return text.replace("\n", "\n" + 15 * " ")
    say(call, **values)
    say("    gives      {mine}\n    should be  {right}", mine=shown(mine), right=shown(right))
