"""Optimizers: pure functions (theta, g, memory) -> (new theta, new memory).

theta is an array (..., P): the last axis holds the parameters, every leading axis independent runs.
g, the gradient of the loss at theta, has theta's shape. What an optimizer remembers is spelled out
in its signature, starts at 0 and comes back as a dict. A hyperparameter is a number, or an array
(..., 1) with one number for each run. The update rules are PyTorch's.
"""

from functools import wraps

import numpy as np


def gradient_descent(theta, g, *, lr=0.01):
    """Gradient descent, Cauchy (1847). Fed with batches it is what the field calls SGD."""
    return theta - lr * g, {}


def momentum(theta, g, v=0.0, *, lr=0.01, beta=0.9):
    """Heavy ball, Polyak (1964). v sums gradients; some teachers average, (1 - beta) * g."""
    v = beta * v + g
    return theta - lr * v, dict(v=v)


def nesterov(theta, g, v=0.0, *, lr=0.01, beta=0.9):
    """Nesterov (1983) with the gradient at theta: Bengio et al. (2013), arXiv:1212.0901."""
    v = beta * v + g
    return theta - lr * (g + beta * v), dict(v=v)


def rmsprop(theta, g, s=0.0, *, lr=0.01, rho=0.9, eps=1e-8):
    """RMSProp, Hinton (2012), with his rho = 0.9; PyTorch's default is 0.99."""
    s = rho * s + (1 - rho) * g**2
    return theta - lr * g / (s**0.5 + eps), dict(s=s)


def adam(theta, g, m=0.0, v=0.0, t=0, *, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam, Kingma & Ba (2015), Algorithm 1: eps outside the root, after bias correction."""
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return theta - lr * m_hat / (v_hat**0.5 + eps), dict(m=m, v=v, t=t)


def clipped(optimizer, *, norm=None, value=None):
    """The same optimizer fed with clipped gradients.

    norm: a longer gradient is shortened to this length and keeps its direction, each run on its
    own, Pascanu, Mikolov & Bengio (2013). value: each component is cut to [-value, value], which
    can turn the gradient, Mikolov (2012).
    Raises ValueError unless exactly one of the two is given: a positive number, or (..., 1).
    """
    limit = np.asarray(norm if value is None else value)
    if ((norm is None) == (value is None) or limit.dtype.kind not in "fiu"
            or not ((limit > 0) & (limit < np.inf)).all() or limit.shape[-1:] not in ((), (1,))):
        raise ValueError("clipped needs either norm or value, a positive number or one for each run"
                         f" in shape (..., 1), got norm={norm} and value={value}")

    @wraps(optimizer)
    def clip_and_step(theta, g, *args, **kwargs):
        if value is None:
            g = g * (limit / np.maximum(np.linalg.norm(g, axis=-1, keepdims=True), limit))
        else:
            g = np.clip(g, -limit, limit)
        return optimizer(theta, g, *args, **kwargs)

    return clip_and_step
