"""`make bench`: one table of speeds, side by side in one run, as ratios; wants a quiet machine.

Each row's contenders take turns, round by round, on one thread; a ratio is the median over the
rounds of the ratios within a round, so that a machine that is busy for a while slows both sides.
"""

import os
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path

for name in "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE":  # let OpenBLAS find out what this machine is
    os.environ.pop(name, None)
for name in "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS":
    os.environ[name] = "1"
try:
    import sklearn
    import torch
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_info
except ImportError as missing:
    sys.exit(f"The benchmark compares with PyTorch and scikit-learn ({missing.name} is missing): "
             "`make bench` installs them, or: pip install torch==2.13.0 scikit-learn")
import numpy as np

import descent
from descent import (Network, descend, full_batch, gradient_descent, himmelblau, mini_batches,
                     record)
from descent.labs.heat import sweep

HERE = Path(__file__).parent
SIZES = 64, 32, 10
RATE = 0.1
(X, Y), _ = descent.split(*descent.digits(), rng=np.random.default_rng(0))
NET = Network(SIZES)
torch.set_num_threads(1)


def seconds(contender):
    start = time.perf_counter()
    contender()
    return time.perf_counter() - start


def rounds(contenders, n):
    """Seconds (n, contenders), the contenders taking turns after one round that isn't counted."""
    for contender in contenders:
        contender()
    return np.array([[seconds(contender) for contender in contenders] for _ in range(n)])


def times_faster(table, column):
    """How many times faster the first contender is than that one."""
    return np.median(table[:, column] / table[:, 0])


# Steps per second: the same network, data, rate and number of steps

def ours(size, steps):
    def train():
        rng = np.random.default_rng(0)
        batches = full_batch(X, Y) if size == len(X) else mini_batches(X, Y, size=size, rng=rng)
        for _ in islice(descend(NET.loss_and_gradient, NET.initial(rng), gradient_descent, batches,
                                lr=RATE), steps):
            pass
    return train


def shuffled(x, y, size):
    if size == len(x):
        yield from cycle([(x, y)])
    while True:
        order = torch.randperm(len(x))
        for first in range(0, len(x), size):
            rows = order[first:first + size]
            yield x[rows], y[rows]


def pytorch(size, steps, dtype, loader=False):
    x, y = torch.tensor(X, dtype=dtype), torch.tensor(Y)
    if loader:
        batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=size,
                                              shuffle=True)

    def train():
        model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(),
                                    torch.nn.Linear(32, 10)).to(dtype)
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
        criterion = torch.nn.CrossEntropyLoss()
        feed = ((batch for _ in cycle([0]) for batch in batches) if loader
                else shuffled(x, y, size))
        for inputs, labels in islice(feed, steps):
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
    return train


def scikit(size):
    """One epoch, by a call that makes them all: its steps are counted, not `steps`."""
    model = MLPClassifier(SIZES[1:-1], solver="sgd", alpha=0, batch_size=size, momentum=0,
                          learning_rate_init=RATE)
    return lambda: model.partial_fit(X, Y, classes=np.arange(10))


def matmuls(size, steps):
    rng = np.random.default_rng(0)
    x, hidden, d2, d1, w1, w2 = (rng.normal(size=shape) for shape in (
        (size, 64), (size, 32), (size, 10), (size, 32), (64, 32), (32, 10)))

    def multiply():
        for _ in range(steps):
            x @ w1, hidden @ w2, hidden.T @ d2, d2 @ w2.T, x.T @ d1
    return multiply


def steps_per_second(n=9):
    print("\nSteps per second on digits: 1,437 images, 64-32-10 with ReLU, SGD at rate 0.1. descent")
    print("computes in float64; so do scikit-learn and PyTorch where it says 64. The batches of the")
    print("first two PyTorch columns are cut from a shuffled tensor, the third has a DataLoader.")
    print(f"{'batch':>6} {'descent':>9} | times PyTorch 32 {'64':>7} {'loader':>7} "
          f"| scikit-learn | bare matmuls | target")
    for size, steps, target in ((1, 400, 9), (16, 400, 9), (32, 400, 5), (256, 150, 1),
                                (len(X), 30, 1)):
        epoch = descent.epoch_length(len(X), size)
        table = rounds([ours(size, steps), pytorch(size, steps, torch.float32),
                        pytorch(size, steps, torch.float64),
                        pytorch(size, steps, torch.float32, loader=True), scikit(size),
                        matmuls(size, steps)], n)
        table[:, 4] *= steps / epoch
        faster = [times_faster(table, column) for column in range(1, 6)]
        print(f"{size:6} {steps / np.median(table[:, 0]):9,.0f} | {faster[0]:16.1f} {faster[1]:7.1f}"
              f" {faster[2]:7.1f} | {faster[3]:12.1f} | {faster[4]:12.2f} | {target} times PyTorch 32: "
              f"{'met' if faster[0] >= target else 'missed'}")


# Many runs at once, basins, the heat map

def sixty_four(steps=90):
    rates = np.geomspace(0.01, 1, 64)

    def run(rng, lr):
        return record(descend(NET.loss_and_gradient, NET.initial(rng), gradient_descent,
                              mini_batches(X, Y, size=16, rng=rng), lr=lr), steps, keep=["loss"])

    def at_once():
        return run([np.random.default_rng(seed) for seed in range(64)], rates[:, None]).loss

    def one_by_one():
        return np.stack([run(np.random.default_rng(seed), lr).loss
                         for seed, lr in enumerate(rates)], axis=-1)

    assert np.allclose(at_once(), one_by_one())
    table = rounds([at_once, one_by_one], 7)
    print(f"64 networks for {steps} steps of batch 16, at once against one by one: "
          f"{times_faster(table, 1):.1f} times as fast (target 4)")


def basins():
    low, high = np.array(himmelblau.domain).T
    starts = np.random.default_rng(0).uniform(low, high, size=(10_000, 2))
    table = rounds([lambda: record(descend(himmelblau, starts, gradient_descent, lr=0.01), 201,
                                   keep=())], 15)
    print(f"basins, 10,000 starts for 200 steps: {1000 * np.median(table):.0f} ms (target 40)")


def heat_map():
    for name in "digits", "spirals":
        table = rounds([lambda: sweep(name, 2000)], 5)
        print(f"heat map of {name}, 12 rates by 8 batch sizes, 2,000 examples each: "
              f"{1000 * np.median(table):.0f} ms (target 400)")


# Fresh processes

def imports():
    def start(statement):
        return lambda: subprocess.run([sys.executable, "-c", statement], check=True)

    table = rounds([start("import descent"), start("import numpy"), start("import torch"),
                    start("import descent.labs"), start("pass")], 5)
    python = np.median(table[:, 4])
    for column, name in enumerate(("descent", "numpy", "torch", "descent.labs")):
        print(f"import {name} in a fresh process: {1000 * (np.median(table[:, column]) - python):.0f}"
              f" ms beyond Python's own {1000 * python:.0f}")


def kernels():
    blas = [f"{one['internal_api']} {one['version']}, {one.get('architecture')} kernels, "
            f"{one['num_threads']} thread" for one in threadpool_info()
            if one["user_api"] == "blas" and "numpy" in one["filepath"]]
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__} on {'; '.join(blas)}; "
          f"PyTorch {torch.__version__} ({torch.backends.cpu.get_cpu_capability()}), "
          f"scikit-learn {sklearn.__version__}")


if __name__ == "__main__":
    import warnings
    warnings.simplefilter("ignore", ConvergenceWarning)
    kernels()
    steps_per_second()
    print()
    sixty_four()
    basins()
    heat_map()
    imports()
    if (HERE / "latency.py").exists():
        sys.stdout.flush()
        subprocess.run([sys.executable, HERE / "latency.py"], check=True)
