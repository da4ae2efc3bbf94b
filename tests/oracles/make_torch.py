"""Make torch.npz, the trajectories that test_optimizers.py compares with: PyTorch's, in float64.

Run it by hand, in an environment of its own (the course does not need PyTorch):
    python -m pip install torch==2.13.0 numpy && python tests/oracles/make_torch.py
It shares no code with the course: the problems are written again, and differentiated by PyTorch.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

STEPS = 1000
STORED = [*range(11), *range(100, STEPS + 1, 100)]
SIZES, BATCH = (4, 5, 3), 8  # the network: 29 examples in parts of 8, 8, 8 and 5

rng = np.random.default_rng(20260)
turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
hessian = turn @ np.diag([0.1, 0.3, 1.0, 3.0, 10.0]) @ turn.T
hessian = (hessian + hessian.T) / 2
x, y = rng.normal(size=(29, SIZES[0])), rng.integers(SIZES[-1], size=29)


def ravine(theta, k):
    return (theta[0]**2 + 25 * theta[1]**2) / 2


def quadratic(theta, k):
    return theta @ torch.tensor(hessian) @ theta / 2


def rosenbrock(theta, k):
    return (1 - theta[0])**2 + 100 * (theta[1] - theta[0]**2)**2


def network(theta, k):
    """Layers tanh, then linear; each is inputs + 1 rows of theta, the last of them the bias."""
    first = k % 4 * BATCH
    a, end = torch.tensor(x[first:first + BATCH]), 0
    for layer, (n, m) in enumerate(zip(SIZES, SIZES[1:])):
        begin, end = end, end + (n + 1) * m
        weights = theta[begin:end].view(n + 1, m)
        a = a @ weights[:n] + weights[n]
        a = torch.tanh(a) if layer < len(SIZES) - 2 else a
    return cross_entropy(a, torch.tensor(y[first:first + BATCH]))


PROBLEMS = {  # objective, start, factor on SGD's rates below, limit of the clipped gradient's norm
    "ravine": (ravine, np.array([-4.0, 1.0]), 1.0, 2.0),
    "quadratic": (quadratic, rng.normal(size=5), 1.0, 0.5),
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0]), 0.02, 20.0),
    "network": (network, rng.normal(size=(4 + 1) * 5 + (5 + 1) * 3) * 0.5, 5.0, 0.3),
}


def sgd(lr=0.02, **more):
    return lambda theta, factor: torch.optim.SGD([theta], lr=lr * factor, **more)


def rmsprop(**more):
    return lambda theta, factor: torch.optim.RMSprop([theta], lr=0.003, **more)


def adam(**more):
    return lambda theta, factor: torch.optim.Adam([theta], lr=0.01, **more)


def exact_norm(theta, limit):
    """clip_grad_norm_ without the 1e-6 that it adds to the norm before it divides by it."""
    norm = clip_grad_norm_([theta], limit)
    assert abs(norm - limit) > 1e-5
    if norm > limit:
        theta.grad.mul_((norm + 1e-6) / norm)


def half_value(theta, limit):
    clip_grad_value_([theta], limit / 2)


METHODS = {  # optimizer, what is done to the gradient first, whether the rate decays
    "gradient_descent": (sgd(), None, False),
    "momentum": (sgd(0.01, momentum=0.9), None, False),
    "nesterov": (sgd(0.01, momentum=0.9, nesterov=True), None, False),
    "rmsprop": (rmsprop(alpha=0.9, eps=1e-8), None, False),
    "rmsprop_other": (rmsprop(alpha=0.99, eps=0.01), None, False),
    "adam": (adam(), None, False),
    "adam_other": (adam(betas=(0.8, 0.995), eps=0.01), None, False),
    "clipped_norm": (sgd(), exact_norm, False),
    "clipped_norm_momentum": (sgd(0.01, momentum=0.9), exact_norm, False),
    "clipped_value": (sgd(), half_value, False),
    "decaying": (sgd(0.03), None, True),
    "decaying_adam": (adam(), None, True),
}


def trajectory(problem, method):
    objective, start, factor, limit = PROBLEMS[problem]
    make, clip, decays = METHODS[method]
    theta = torch.tensor(start, requires_grad=True)
    optimizer = make(theta, factor)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda k: 1 / (1 + k / 100) if decays else 1.0)
    places = []
    for k in range(STEPS + 1):
        if k in STORED:
            places.append(theta.detach().numpy().copy())
        optimizer.zero_grad()
        objective(theta, k).backward()
        if clip:
            clip(theta, limit)
        optimizer.step()
        schedule.step()
    return np.stack(places)


if __name__ == "__main__":
    torch.set_num_threads(1)
    kept = {f"{problem}/{method}": trajectory(problem, method)
            for problem in PROBLEMS for method in METHODS}
    np.savez_compressed(Path(__file__).with_name("torch.npz"), stored=STORED, hessian=hessian,
                        x=x, y=y, torch=torch.__version__, numpy=np.__version__, **kept)
    for name, places in kept.items():
        print(f"{name:34}", np.round(places[-1][:4], 6))
