"""Run the long sweeps again and store their results: python -m descent.claims.sweeps [NAME ...]."""

import json
import re
import sys

from . import (adam, batch, gradient_problems, landscapes, mini_batch, momentum, race, rmsprop,
               stochastic)
from .tuning import STORED
from ..ledger import evidence

# Name -> function that returns plain data. "seconds" and the times in "adam"
# depend on the machine; nothing else does.
SWEEPS = {"batch": batch.tuned, "mini_batch": mini_batch.tuned, "stochastic": stochastic.tuned,
          "gradient_problems": gradient_problems.tuned, "landscapes": landscapes.tuned,
          "momentum": momentum.tuned, "race": race.tuned, "rmsprop": rmsprop.tuned,
          "adam": adam.tuned, "seconds": stochastic.step_times, "ledger": evidence}


def main(names):
    """Run the sweeps of these names, or all, and write claims/stored/NAME.json."""
    STORED.mkdir(exist_ok=True)
    for name in names or SWEEPS:
        text = json.dumps(SWEEPS[name](), indent=1, sort_keys=True)
        text = re.sub(r"\[[^][{}]*\]", lambda row: " ".join(row[0].split()), text)  # one line a row
        (STORED / f"{name}.json").write_text(text + "\n")
        print(name, text)


if __name__ == "__main__":
    main(sys.argv[1:])
