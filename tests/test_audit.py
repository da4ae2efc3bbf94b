"""Printed numbers hold on any machine: they stay when every run starts one rounding error away.

Sums are rounded differently by other processors and NumPy versions. A training run makes
little of that, unless it is chaotic. So each notebook is executed again with every start of
`descend`, and every initial network, moved by 1e-13 of itself, up or down at random; no text output
may change.
"""
import nbformat
import pytest

import build
from test_notebooks import text_of

MOVE_EVERY_START = """
import numpy as np
from descent import networks, training

def moved(theta, rng=np.random.default_rng({seed})):
    signs = rng.choice([-1.0, 1.0], theta.shape).astype(theta.dtype)
    return theta + 1e-13 * np.maximum(np.abs(theta), 1e-3) * signs

def moved_run(objective, theta, *rest, run=training._descend):
    return run(objective, moved(theta), *rest)

def moved_network(net, rng, initial=networks.Network.initial):
    return moved(initial(net, rng))

training._descend = moved_run  # descend looks it up at every call, wherever descend was imported
networks.Network.initial = moved_network
del np, networks, training, moved_run, moved_network
"""


def texts(notebook):
    """The text outputs of the code cells."""
    return ["".join(map(text_of, cell.outputs))
            for cell in notebook.cells if cell.cell_type == "code"]


def differences(notebook, seed, folder):
    """The cells whose text changes when every start is moved: (code, before, after)."""
    moved = nbformat.from_dict(notebook)
    moved.cells = [nbformat.v4.new_code_cell(MOVE_EVERY_START.format(seed=seed)), *moved.cells]
    after = texts(build.execute(moved, folder))[1:]
    codes = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [found for found in zip(codes, texts(notebook), after) if found[1] != found[2]]


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_no_printed_number_depends_on_rounding(source, request):
    notebook = nbformat.read(build.built(source), as_version=4)
    for seed in range(request.config.getoption("--audit-seeds")):
        said = ["\n".join(found) for found in differences(notebook, seed, build.NOTEBOOKS)]
        assert not said, "\n\n".join(said)


CHAOS = """
run = {descend}(d.double_well, np.array([[0.3, 0.2]]), d.gradient_descent, lr={lr})
print(format(d.record(run, 200).last.loss[0], ".{digits}g"))"""


LOOP = """
net = d.Network((64, 10))
loss, _ = net.loss_and_gradient(net.initial(np.random.default_rng(0)), *d.digits())
print(format(loss, ".{digits}g"))"""


def test_a_loop_written_by_hand_is_moved_too(tmp_path):
    cells = ["import numpy as np\nimport descent as d"] + [LOOP.format(digits=n) for n in (6, 16)]
    notebook = build.execute(nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), tmp_path)
    assert [code for code, _, _ in differences(notebook, 0, tmp_path)] == cells[2:]


@pytest.mark.parametrize("descend", ["d.descend", "training.descend", "descend"])
def test_a_number_that_depends_on_rounding_is_found(tmp_path, descend):
    cells = ["import numpy as np\nimport descent as d\nfrom descent import training\n"
             "from descent.training import descend"]
    cells += [CHAOS.format(descend=descend, lr=lr, digits=digits)
              for lr, digits in [(0.01, 5), (0.4, 5)]]
    notebook = build.execute(nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), tmp_path)
    found = differences(notebook, 0, tmp_path)
    assert [code for code, _, _ in found] == cells[2:]
