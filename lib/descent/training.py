"""The training loop, written once for points on surfaces, networks, and many runs at a time."""

import inspect
from dataclasses import dataclass, field
from itertools import islice, repeat
from typing import NamedTuple

import numpy as np


class Step(NamedTuple):
    """One moment of a run: where we stand, and what we know there before the update."""

    theta: np.ndarray   # where we stand, (..., P)
    loss: np.ndarray    # (...)
    grad: np.ndarray    # (..., P)
    memory: dict        # what the optimizer remembers on arrival; empty at the start


def descend(objective, theta, optimizer, batches=repeat(()), **hyper):
    """Yield every Step the optimizer visits from theta on; ends when `batches` ends.

    objective(theta, *batch) -> (loss (...), gradient (..., P)); theta (..., P) holds independent
    runs on its leading axes and is used in float64. A hyperparameter is a number, an array (..., 1)
    with one for each run, or a function of the iteration (0, 1, 2, ...) that returns one of these.
    Raises ValueError at the call if an argument cannot be used, and at the first step if what
    the batches, the objective or the optimizer hand over does not fit theta.
    """
    if not (callable(objective) and callable(optimizer) and hasattr(batches, "__iter__")):
        raise ValueError("descend needs an objective, theta, an optimizer and batches, got "
                         f"{objective!r}, theta, {optimizer!r} and {batches!r}")
    theta = np.asarray(theta)
    if (theta.dtype.kind not in "fiu" or theta.ndim == 0 or theta.size == 0
            or not np.isfinite(theta).all()):
        raise ValueError("theta must hold finite numbers in shape (..., parameters), "
                         f"got shape {theta.shape} of {theta.dtype}, {theta.flat[:5]}")
    known = inspect.signature(optimizer).parameters.values()
    names = [p.name for p in known if p.kind is p.KEYWORD_ONLY]
    for name, value in hyper.items():
        if name not in names and not any(p.kind is p.VAR_KEYWORD for p in known):
            raise ValueError(f"the optimizer has no hyperparameter {name!r} after the * in its "
                             f"signature, it has: {', '.join(names) or 'none'}")
        first = _hyper(name, value(0) if callable(value) else value, theta.shape)
        hyper[name] = value if callable(value) else first
    return _descend(objective, theta.astype(float), optimizer, batches, hyper)


def _descend(objective, theta, optimizer, batches, hyper):
    quiet = np.errstate(all="ignore")  # a run that diverges is recorded, not warned about
    objective, optimizer = quiet(objective), quiet(optimizer)
    memory, shape = {}, theta.shape
    scheduled = {name: value for name, value in hyper.items() if callable(value)}
    for k, batch in enumerate(batches):
        if k == 0 and not isinstance(batch, tuple):
            raise ValueError(f"each batch must be a tuple such as (x, y), got {type(batch)}")
        loss, grad = objective(theta, *batch)
        if k == 0 and (np.shape(grad), np.shape(loss)) != (shape, shape[:-1]):
            raise ValueError(f"for theta of shape {shape} the objective must return a loss of "
                             f"shape {shape[:-1]} and a gradient of shape {shape}, "
                             f"got {np.shape(loss)} and {np.shape(grad)}")
        yield Step(theta, loss, grad, memory)
        hyper |= {name: _hyper(name, schedule(k), shape) for name, schedule in scheduled.items()}
        theta, memory = optimizer(theta, grad, **memory, **hyper)
        if k == 0 and (np.shape(theta) != shape or not isinstance(memory, dict)):
            raise ValueError(f"the optimizer must return theta of shape {shape} and a dict, "
                             f"got {np.shape(theta)} and {type(memory)}")


def _hyper(name, value, shape):
    """The value as a float or an array that fits theta's shape, if it is allowed."""
    array = np.asarray(value)
    high = 1 if name in ("beta", "beta1", "beta2", "rho") else np.inf
    if array.dtype.kind not in "fiu" or not ((array >= 0) & (array < high)).all():
        raise ValueError(f"{name} must be a number from 0 and below {high}, got {value}")
    if (array.shape[-1:] not in ((), (1,)) or array.ndim > len(shape)
            or any(n not in (1, m) for n, m in zip(array.shape[::-1], shape[::-1]))):
        raise ValueError(f"{name} must be one number, or one for each run in shape (..., 1): "
                         f"{array.shape} does not fit theta's {shape}")
    return array.astype(float) if array.ndim else float(value)


@dataclass(frozen=True)
class History:
    """What `record` kept of a run; time is axis 0. What was not kept is None."""

    last: Step                        # the last step seen, whole
    theta: np.ndarray | None = None   # (T, ..., P)
    loss: np.ndarray | None = None    # (T, ...)
    grad: np.ndarray | None = None    # (T, ..., P)
    memory: dict = field(default_factory=dict)  # name -> (T, ...); zeros before the first update

    @property
    def diverged(self):
        """The first iteration at which each run diverged, -1 where it did not; shape (...).

        Diverged: the loss is not finite, or above 1,000 times max(1, |first loss|).
        """
        if self.loss is None:
            raise ValueError("diverged needs the losses: record(steps, n, keep=('loss', ...))")
        limit = 1000 * np.maximum(1, np.abs(self.loss[0]))
        gone = ~np.isfinite(self.loss) | (self.loss > limit)
        return np.where(gone.any(axis=0), gone.argmax(axis=0), -1)[()]


def record(steps, n, keep=("theta", "loss", "grad", "memory")):
    """Stack the first n steps into a History that stores what `keep` names.

    Fewer than n are stored if the steps end. Raises ValueError if n is not a whole number from 1,
    if `keep` names something else than theta, loss, grad, memory, or if there is no step.
    """
    if np.ndim(n) or np.asarray(n).dtype.kind not in "fiu" or n < 1 or n % 1:
        raise ValueError(f"the number of steps must be a whole number from 1, got {n}")
    if not (isinstance(keep, (tuple, list, set))
            and all(name in ("theta", "loss", "grad", "memory") for name in keep)):
        raise ValueError(f"keep can name theta, loss, grad and memory, got {keep!r}")
    kept, memory, k = {}, {}, -1
    for k, step in enumerate(islice(steps, int(n))):
        for name in keep:
            store, found = ((memory, step.memory) if name == "memory" else
                            (kept, {name: getattr(step, name)}))
            for key, value in found.items():
                if key not in store:
                    store[key] = np.zeros((int(n), *np.shape(value)))
                store[key][k] = value
    if k < 0:
        raise ValueError("there is no step to record: the batches were empty")
    kept, memory = ({key: a[:k + 1] for key, a in store.items()} for store in (kept, memory))
    return History(last=step, memory=memory, **kept)
