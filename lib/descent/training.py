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
    runs on its leading axes. A hyperparameter is a number, an array (..., 1) with one number for
    each run, or a function of the iteration (0, 1, 2, ...) that returns one of these.
    Raises ValueError at the call if theta or a hyperparameter cannot be used, and at the first
    step if the objective's shapes do not fit theta's.
    """
    theta = np.array(theta)
    theta = theta.astype(float) if theta.dtype.kind in "iub" else theta
    if theta.ndim == 0 or theta.size == 0 or theta.dtype.kind != "f":
        raise ValueError("theta must hold numbers in shape (..., parameters), "
                         f"got shape {theta.shape} of {theta.dtype}")
    if not np.isfinite(theta).all():
        raise ValueError("theta must be finite, got NaN or inf in it")
    known = inspect.signature(optimizer).parameters
    names = [name for name, p in known.items() if p.kind is p.KEYWORD_ONLY]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in known.values())
    for name, value in hyper.items():
        if name not in names and not takes_any:
            raise ValueError(f"{optimizer.__name__} has no hyperparameter {name!r}; "
                             f"it has {', '.join(names)}")
        _check_hyper(name, value(0) if callable(value) else value, theta.shape)
    return _descend(objective, theta, optimizer, batches, hyper)


def _descend(objective, theta, optimizer, batches, hyper):
    memory = {}
    scheduled = {name: value for name, value in hyper.items() if callable(value)}
    for k, batch in enumerate(batches):
        with np.errstate(all="ignore"):  # a run that diverges is recorded, not warned about
            loss, grad = objective(theta, *batch)
        if k == 0 and (np.shape(grad), np.shape(loss)) != (theta.shape, theta.shape[:-1]):
            raise ValueError(f"for theta of shape {theta.shape} the objective must return a loss of "
                             f"shape {theta.shape[:-1]} and a gradient of shape {theta.shape}, "
                             f"got {np.shape(loss)} and {np.shape(grad)}")
        yield Step(theta, loss, grad, memory)
        for name, schedule in scheduled.items():
            hyper[name] = schedule(k)
            _check_hyper(name, hyper[name], theta.shape)
        with np.errstate(all="ignore"):
            theta, memory = optimizer(theta, grad, **memory, **hyper)


def _check_hyper(name, value, shape):
    value = np.asarray(value)
    if value.dtype.kind not in "fiu" or not np.isfinite(value).all():
        raise ValueError(f"{name} must be a finite number, got {value}")
    if value.ndim and (value.shape[-1] != 1 or len(value.shape) > len(shape)
                       or np.broadcast_shapes(value.shape, shape) != shape):
        raise ValueError(f"{name} must be one number, or one for each run in shape (..., 1): "
                         f"{value.shape} does not fit theta's {shape}")
    low, high = (0, 1) if name in ("beta", "beta1", "beta2", "rho") else (0, np.inf)
    if not ((value >= low) & (value < high)).all():
        limits = "at least 0 and below 1" if high == 1 else "at least 0"
        raise ValueError(f"{name} must be {limits}, got {value}")


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
        Raises ValueError if the losses were not kept.
        """
        if self.loss is None:
            raise ValueError("diverged needs the losses: record(steps, n, keep=('loss', ...))")
        limit = 1000 * np.maximum(1, np.abs(self.loss[0]))
        gone = ~(self.loss <= limit)
        return np.where(gone.any(axis=0), gone.argmax(axis=0), -1)[()]


def record(steps, n, keep=("theta", "loss", "grad", "memory")):
    """Stack the first n steps into a History that stores what `keep` names.

    Fewer than n are stored if the steps end. Raises ValueError if n is not a whole number from 1,
    if `keep` names something else than theta, loss, grad, memory, or if there is no step.
    """
    if n != int(n) or n < 1:
        raise ValueError(f"the number of steps must be a whole number from 1, got {n}")
    if isinstance(keep, str) or set(keep) - {"theta", "loss", "grad", "memory"}:
        raise ValueError(f"keep can name theta, loss, grad and memory, got {keep!r}")
    stores, k = {}, -1
    for k, step in enumerate(islice(steps, int(n))):
        for name in keep:
            found = step.memory if name == "memory" else {name: getattr(step, name)}
            for key, value in found.items():
                if (name, key) not in stores:
                    stores[name, key] = np.zeros((int(n), *np.shape(value)), np.asarray(value).dtype)
                stores[name, key][k] = value
    if k < 0:
        raise ValueError("there is no step to record: the batches were empty")
    kept = {key: store[:k + 1] for (name, key), store in stores.items() if name != "memory"}
    memory = {key: store[:k + 1] for (name, key), store in stores.items() if name == "memory"}
    return History(last=step, memory=memory, **kept)
