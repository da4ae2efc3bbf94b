"""The assignments: what is right gets all points, each mistake its name and its cost."""

import inspect
import itertools
import re
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import nbclient
import nbformat
import numpy as np
import pytest

from descent import Network, adam, descend, momentum, nesterov, record, rmsprop
from descent.checks import _agree, _outcomes, exercises, same
from descent.theory import best_momentum, momentum_factor
from grader.assignment import (_parts, load, names, released_notebook, said, source_notebook,
                               stub)
from grader.scoring import _judged

ASSIGNMENTS = {name: load(name) for name in names()}
ITEMS = {f"{name[:2]}-{item.name}": item for name, a in ASSIGNMENTS.items() for item in a.items}
TRIED = {key: item for key, item in ITEMS.items() if not item.score}
F = {item.name: item.exercise.solution for item in ITEMS.values()}
SEEDS = range(20)


def judged(item, function, seed):
    """(points, mistake, text) for this student, without a sandbox."""
    with np.errstate(all="ignore"), redirect_stdout(StringIO()):
        return _judged(item, function, np.random.default_rng([seed, *item.name.encode()]))


def student(text, name):
    """The function that an answer's text defines, with nothing but NumPy and the references."""
    space = dict(F, np=np)
    exec(text, space)
    return space[name]


def solution(item):
    return inspect.getsource(item.exercise.solution)


# What is asked, and what it is worth.

def test_there_is_one_for_each_chapter_and_a_project():
    assert list(ASSIGNMENTS) == [
        "01-terminology", "02-gradient-descent", "03-gradient-descent-variants",
        "04-gradient-problems", "05-momentum", "06-rmsprop", "07-adam", "08-project"]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_assignment_has_10_to_20_points_most_of_them_by_machine(name):
    a = ASSIGNMENTS[name]
    assert 10 <= a.total <= 20 and 3 <= len(a.items) <= 4 and len(a.questions) == 1
    assert a.total == sum(p.points for p in (*a.items, *a.questions))
    assert 2 <= a.questions[0].points <= 4 and len(re.findall("^1 point:", a.questions[0].rubric,
                                                              re.M)) == a.questions[0].points


def test_no_exercise_of_the_chapters_is_asked_again():
    assert not {item.name for item in ITEMS.values()} & set(exercises())
    assert len({item.name for item in ITEMS.values()}) == len(ITEMS)


@pytest.mark.parametrize("key", TRIED)
def test_mistakes_have_names_of_their_own_and_cost_some_of_the_points(key):
    item, named = TRIED[key], [m.name for m in TRIED[key].exercise.mistakes]
    assert len(named) >= 4 and len(set(named)) == len(named)
    assert set(item.costs) <= set(named)
    assert all(1 <= item.cost(name) <= item.points for name in named)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_what_an_item_builds_on_comes_before_it_and_takes_no_function(name):
    before = {}
    for item in ASSIGNMENTS[name].items:
        for other in item.builds_on:
            case = before[other].exercise.cases(np.random.default_rng(0))[0]
            assert not any(callable(value) for value in case)
        before[item.name] = item


# How it is scored.

@pytest.mark.parametrize("key", TRIED)
def test_the_reference_gets_all_points_on_100_seeds(key):
    item = TRIED[key]
    function = student(solution(item), item.name)
    for seed in range(100):
        assert judged(item, function, seed)[:2] == (item.points, ""), seed


@pytest.mark.parametrize("key", TRIED)
def test_each_mistake_is_named_and_loses_what_it_costs(key):
    item = TRIED[key]
    for mistake in item.exercise.mistakes:
        for idea in mistake.functions:
            for seed in SEEDS:
                points, name, text = judged(item, idea, seed)
                assert (points, name) == (item.points - item.cost(mistake.name), mistake.name)
                assert mistake.text in text


@pytest.mark.parametrize("key", TRIED)
def test_no_two_ideas_are_alike_on_any_seed_not_even_nearly(key):
    exercise = replace(TRIED[key].exercise, tolerance=1e-4)  # a hundred times what is allowed
    for seed in SEEDS:
        cases = exercise.cases(np.random.default_rng([seed, *TRIED[key].name.encode()]))
        assert len(cases) >= 5
        tried = [("", list(_outcomes(exercise, exercise.solution, cases)))] + [
            (m.name, list(_outcomes(exercise, idea, cases)))
            for m in exercise.mistakes for idea in m.functions]
        for (a, mine), (b, other) in itertools.combinations(tried, 2):
            assert a == b or not _agree(exercise, mine, other, changes=True), (seed, a, b)
        assert all(any(o.error is None for o in outcomes) for _name, outcomes in tried)


@pytest.mark.parametrize("key", TRIED)
def test_every_student_has_numbers_of_their_own(key):
    exercise = TRIED[key].exercise
    answers = [[exercise.solution(*case) for case in exercise.cases(np.random.default_rng(seed))]
               for seed in (1, 2, 1)]
    assert same(answers[0], answers[2], 1e-12) and not same(answers[0], answers[1], 1e-3)


@pytest.mark.parametrize("key", ITEMS)
def test_a_stub_is_not_attempted_and_a_wrong_answer_never_gets_all(key):
    item = ITEMS[key]
    points, _name, text = judged(item, student(stub(item), item.name), 0)
    assert points == 0 and "not attempted yet" in text
    if not item.score:
        first = item.exercise.cases(np.random.default_rng([0, *item.name.encode()]))[0]

        def lucky(*inputs):  # right on the first case alone
            answer = item.exercise.solution(*inputs)
            return answer if same(inputs, first, 1e-12) else np.zeros(1)
        assert judged(item, lucky, 0)[0] < item.points


def test_other_right_ways_are_right():
    def learning_curve(losses, n, size):
        curve, seen, total = [], 0, 0.0
        for loss in losses.tolist():
            b = min(size, n - seen)
            seen, total = seen + b, total + loss * b
            if seen == n:
                curve.append(total / n)
                seen, total = 0, 0.0
        return curve + ([total / seen] if seen else [])

    def accumulated_gradients(gradients, sizes, every):
        for k in range(0, len(sizes), every):
            yield np.average(gradients[k:k + every], axis=0, weights=sizes[k:k + every])

    def largest_curvature(hessian, d, steps):
        for _step in range(steps):
            d = hessian @ d
        return d @ hessian @ d / (d @ d)

    def condition_number(hessian, d, steps):
        return np.linalg.cond(hessian)

    def batch_rows(orders, size, k):
        batches = [[row[j:j + size] for j in range(0, len(row), size)] for row in orders.tolist()]
        return sum(batches, [])[k]

    def smallest_batch(gradients, limit):
        n, variance = len(gradients), gradients.var(axis=0).sum()
        return next(b for b in range(1, n + 1) if variance / b * (n - b) / (n - 1) <= limit)

    def noise_scale(small, large, g_small, g_large):
        signal, noise = np.linalg.solve([[1, 1 / small], [1, 1 / large]],
                                        [g_small @ g_small, g_large @ g_large])
        return noise / signal

    def factor_per_layer(norms):
        return np.exp(np.mean(np.log(norms[:-1] / norms[1:])))

    def clip_layers(gradients, limit):
        length = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
        return [limit * g / length for g in gradients] if length > limit else gradients

    def damped_step(theta, v, g, lr, beta, damping):
        v = v - (1 - beta) * v + g - damping * g
        return [theta - lr * v, v]

    def convergence_factor(curvatures, lr, beta):
        b = 1 + beta - lr * curvatures + 0j
        root = np.sqrt(b**2 - 4 * beta)
        return np.max([abs(b + root) / 2, abs(b - root) / 2])

    def best_settings(curvatures):
        k = np.sqrt(curvatures.max() / curvatures.min())
        return np.array([4 / (curvatures.max()**0.5 + curvatures.min()**0.5)**2,
                         ((k - 1) / (k + 1))**2])

    def first_steps(lr, rho, n):
        s, lengths = 0, []
        for _step in range(n):
            s = rho * s + (1 - rho) * 7.0**2
            lengths.append(lr * 7 / s**0.5)
        return lengths

    def rate_limit(hessian, s, eps):
        return 2 / np.linalg.eigvals(np.diag((s + eps)**-0.5) @ hessian).real.max()

    def corrected_averages(gradients, beta):
        return [np.average(gradients[:t], axis=0, weights=beta**np.arange(t - 1.0, -1, -1))
                for t in range(1, len(gradients) + 1)]

    def amsgrad_step(theta, m, v, high, t, g, lr, beta1, beta2, eps):
        t += 1
        m, v = m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v)
        high = np.where(v > high, v, high)
        c = (1 - beta2**t)**0.5
        return theta - lr * c / (1 - beta1**t) * m / (high**0.5 + c * eps), m, v, high, t

    def scheduled_rate(k, warmup, total, peak):
        x = (k - warmup) / (total - warmup)
        return peak * min((k + 1) / max(warmup, 1), 1) if k < warmup else (
            peak * np.cos(np.pi * x / 2)**2)

    def safest_rate(rates, accuracies):
        return rates[np.lexsort((rates, -accuracies.min(axis=1)))[0]]

    for function in [f for f in locals().values() if callable(f)]:
        item = next(item for item in ITEMS.values() if item.name == function.__name__)
        for seed in SEEDS:
            assert judged(item, function, seed)[0] == item.points, judged(item, function, seed)


def test_a_mistake_is_said_in_the_words_of_the_self_check():
    assert said("momentum_step", "uphill") == "this goes uphill: subtract lr * v."
    known = {m.text for e in exercises().values() for m in e.mistakes}
    texts = {m.text for item in ITEMS.values() for m in item.exercise.mistakes}
    assert len(texts & known) > 60


# The notebooks.

@pytest.mark.parametrize("name", ASSIGNMENTS)
@pytest.mark.parametrize("make", [source_notebook, released_notebook])
def test_a_notebook_is_valid_and_marked_for_nbgrader(name, make):
    a, notebook = ASSIGNMENTS[name], make(ASSIGNMENTS[name])
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert make(a) == notebook  # the same each time, ids and all
    marks = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader for cell in notebook.cells}
    assert len(marks) == len(notebook.cells) and [*marks] == [c.id for c in notebook.cells]
    for m in marks.values():
        assert m.schema_version == 3 and not m.task and m.locked != m.solution
        assert ("points" in m) == m.grade
    assert sum(m.points for m in marks.values() if m.grade) == a.total
    assert [m.grade_id for m in marks.values() if m.solution] == [
        *(item.name for item in a.items), a.questions[0].id]
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "Only the text of the answer cells is graded" in text and "<!--" not in text
    assert text.count("\n## ") == len(a.items) + 2  # the tasks, the question, how it is scored
    assert f"{a.total} points" in text and "](" not in re.sub(r"\]\(https://", "", text)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_nbgrader_takes_the_source_and_releases_what_we_do(name):
    pytest.importorskip("nbgrader")
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.preprocessors import ClearSolutions
    source, released = source_notebook(ASSIGNMENTS[name]), released_notebook(ASSIGNMENTS[name])
    for notebook in (source, released):
        MetadataValidator().validate_nb(notebook)
    clear = ClearSolutions(code_stub={"python": "..."}, text_stub="Write your answer here.")
    cleared, _resources = clear.preprocess(source, {"language": "python"})
    assert [cell.source for cell in cleared.cells] == [cell.source for cell in released.cells]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_no_solution_is_released(name):
    text = "\n".join(cell.source for cell in released_notebook(ASSIGNMENTS[name]).cells)
    assert "SOLUTION" not in text
    for item in ASSIGNMENTS[name].items:
        body = solution(item).split('"""')[2].strip().split("\n")
        assert not any(line.strip() in text for line in body if "= " in line), item.name
    assert ASSIGNMENTS[name].questions[0].rubric.strip()[:40] not in text


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_source_is_myst_as_jupytext_reads_it(name):
    jupytext = pytest.importorskip("jupytext")
    cells = jupytext.reads(ASSIGNMENTS[name].text, fmt="md:myst").cells
    assert [(cell.cell_type, cell.source.strip()) for cell in cells] == list(
        _parts(ASSIGNMENTS[name].text))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_samples_say_what_the_reference_gives(name):
    compared, space = [], {}
    with redirect_stdout(StringIO()):
        for cell in source_notebook(ASSIGNMENTS[name]).cells:
            if cell.cell_type == "code":
                exec(cell.source, space)
                if "compare" in space:
                    space["compare"] = lambda *call, **_values: compared.append(call)
    assert len(compared) >= len(ASSIGNMENTS[name].items)
    for call, mine, right in compared:
        if isinstance(right, str):
            assert mine >= float(right.split()[0])
        else:
            assert same(mine, right, 1e-6), call


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_released_notebook_runs_unattempted(name):
    notebook = released_notebook(ASSIGNMENTS[name])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    assert outputs and all(o.output_type == "stream" and o.name == "stdout" for o in outputs)
    assert "gives      None" in outputs[0].text and "should be" in outputs[0].text


def test_a_private_folder_wins(tmp_path):
    public = load("05-momentum")
    (tmp_path / "05-momentum.py").write_text(
        "from grader.assignment import load\nfrom dataclasses import replace\n"
        "public = load('05-momentum')\nQUESTIONS = public.questions\n"
        "ITEMS = (replace(public.items[0], points=7), *public.items[1:])\n")
    private = load("05-momentum", tmp_path)
    assert private.total == public.total + 3 and private.text == public.text
    assert load("06-rmsprop", tmp_path).total == load("06-rmsprop").total
    with pytest.raises(ValueError, match="there are 01-terminology, 02-"):
        load("../05-momentum")


# The references, against what doesn't share their formulas.

RNG = np.random.default_rng(7)


def test_counts_are_those_of_a_loop():
    for n, size, every, epochs in itertools.product((7, 12, 25), (1, 3, 4), (1, 2, 5), (1, 3)):
        updates, seen = 0, [0]
        for _epoch in range(epochs):
            waiting = 0
            for start in range(0, n, size):
                seen.append(seen[-1] + min(size, n - start))
                waiting = (waiting + 1) % every
                updates += waiting == 0
            updates += waiting > 0
        assert F["count_updates"](n, size, every, epochs) == updates
        assert [F["examples_seen"](n, size, k) for k in range(len(seen))] == seen


def test_accumulated_gradients_and_learning_curves_are_those_of_all_examples():
    net, x, y = Network((3, 2)), RNG.normal(size=(10, 3)), RNG.integers(2, size=10)
    theta, cuts = net.initial(RNG), ((0, 4), (4, 7), (7, 8), (8, 10))
    parts = np.array([net.loss_and_gradient(theta, x[a:b], y[a:b])[1] for a, b in cuts])
    whole = [net.loss_and_gradient(theta, x[a:b], y[a:b])[1] for a, b in ((0, 8), (8, 10))]
    assert same(F["accumulated_gradients"](parts, np.array([4, 3, 1, 2]), 3), whole, 1e-12)
    each, order = RNG.uniform(size=10), [RNG.permutation(10) for _epoch in range(2)]
    losses = [each[o[k:k + 4]].mean() for o in order for k in range(0, 10, 4)][:5]
    assert same(F["learning_curve"](np.array(losses), 10, 4),
                [each.mean(), each[order[1][:8]].mean()], 1e-12)


def test_curvatures_are_numpys():
    a = RNG.normal(size=(4, 4))
    hessian, d = a @ a.T + np.eye(4), np.array([1.0, 2, 3, 4])
    assert same(F["hessian_times"](lambda theta: hessian @ theta, d, d, 0.1), hessian @ d, 1e-9)
    assert same(F["largest_curvature"](-hessian, d, 3000), -np.linalg.norm(hessian, 2), 1e-9)
    assert same(F["condition_number"](hessian, d, 3000), np.linalg.cond(hessian), 1e-9)


def test_the_smallest_batch_is_that_of_all_subsets():
    gradients = RNG.normal(size=(7, 2))
    mean = gradients.mean(axis=0)
    variance = {size: np.mean([np.sum((gradients[list(rows)].mean(axis=0) - mean)**2)
                               for rows in itertools.combinations(range(7), size)])
                for size in range(1, 8)}
    for size in range(1, 7):
        assert F["smallest_batch"](gradients, variance[size] * 1.001) == size
        assert F["smallest_batch"](gradients, variance[size] * 0.999) == size + 1


def test_the_noise_scale_is_found_in_many_batches():
    mean, noise = np.array([3.0, 4.0]), np.array([2.0, 1.0])  # G² = 25, S = 5
    squares = {size: np.mean(np.sum((mean + noise / size**0.5 * RNG.normal(
        size=(400_000, 2)))**2, axis=1)) for size in (4, 32)}
    found = F["noise_scale"](4, 32, *(np.array([squares[size]**0.5]) for size in (4, 32)))
    assert abs(found - 5 / 25) < 0.01


def test_gradients_of_weights_are_those_of_finite_differences():
    x, y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    weights = [RNG.normal(size=pair) for pair in ((3, 4), (4, 4), (4, 2))]

    def forward(weights):
        taken = [x]
        for w in weights[:-1]:
            taken.append(np.tanh(taken[-1] @ w))
        return taken, taken[-1] @ weights[-1]

    def loss(weights):
        return np.mean((forward(weights)[1] - y)**2)

    norms = []
    for k, w in enumerate(weights):
        g = np.zeros(w.shape)
        for place in np.ndindex(w.shape):
            both = []
            for h in (1e-6, -1e-6):
                moved = [v.copy() for v in weights]
                moved[k][place] += h
                both.append(loss(moved))
            g[place] = (both[0] - both[1]) / 2e-6
        norms.append(np.linalg.norm(g))
    taken, out = forward(weights)
    assert same(F["weight_gradient_norms"](taken, weights, [1 - a**2 for a in taken[1:]],
                                           2 / y.size * (out - y)), norms, 1e-7)


def test_weights_for_a_depth_leave_the_share():
    slopes = RNG.uniform(0, 1, (50, 400))
    std = F["std_for_depth"](slopes, 6, 0.3)
    assert abs(exercises()["layer_factor"].solution(std, slopes)**6 - 0.3) < 1e-12
    norms, signal = [], RNG.normal(size=(50, 400))
    for _layer in range(7):  # a network of 400 units a layer: theory is within some per cent
        norms.insert(0, np.linalg.norm(signal))
        signal = signal @ RNG.normal(0, std, (400, 400)) * slopes
    assert abs(F["factor_per_layer"](np.array(norms))**6 - 0.3) < 0.05


def test_momentum_in_other_words_is_the_courses():
    def bowl(theta):
        return 0.0, np.array([1.0, 9.0]) * theta

    def run(damping, lr, beta):
        theta, v = np.array([3.0, 1.0]), np.zeros(2)
        for _step in range(20):
            theta, v = F["damped_step"](theta, v, bowl(theta)[1], lr, beta, damping)
        return theta

    start, lr = np.array([3.0, 1.0]), 0.02
    heavy = record(descend(lambda t: (t[0], bowl(t)[1]), start, momentum, lr=lr, beta=0.8), 21)
    rate, m = F["to_average"](lr, 0.8, heavy.last.memory["v"])
    assert same(run(0, lr, 0.8), heavy.last.theta, 1e-12)
    assert same(run(0.8, rate, 0.8), heavy.last.theta, 1e-12)
    g = bowl(heavy.last.theta)[1]
    assert same(F["damped_step"](heavy.last.theta, m, g, rate, 0.8, 0.8)[0],
                momentum(heavy.last.theta, g, heavy.last.memory["v"], lr=lr, beta=0.8)[0], 1e-12)
    walk = F["lookahead_run"](lambda t: bowl(t)[1], start, lr, 0.8, 20)
    course = record(descend(lambda t: (t[0], bowl(t)[1]), start, nesterov, lr=lr, beta=0.8), 21)
    ahead = walk[1:] + 0.8 * np.diff(walk, axis=0)  # the course walks along the places looked at
    assert same(ahead, course.theta[1:], 1e-12)


def test_the_heavy_balls_speed_is_theorys_and_best_at_the_best_settings():
    curvatures = np.array([4.0, 0.3, 25.0])
    lr, beta = F["best_settings"](curvatures)
    assert same((lr, beta), best_momentum(0.3, 25.0), 1e-12)
    best = F["convergence_factor"](curvatures, lr * 0.9999, beta * 1.0001)
    assert abs(best - beta**0.5) < 0.02
    for change in itertools.product((0.8, 1.0, 1.2), (0.9, 1.0, 1.1)):
        other = F["convergence_factor"](curvatures, lr * change[0], beta * change[1])
        assert other >= beta**0.5 - 1e-6
        assert abs(other - momentum_factor(curvatures, lr * change[0],
                                           beta * change[1]).max()) < 1e-6


def test_rmsprop_in_other_words_is_the_courses_where_eps_is_0():
    theta, s, g = RNG.normal(size=3), RNG.uniform(1, 2, 3), RNG.normal(size=3)
    there, memory = rmsprop(theta, g, s, lr=0.1, rho=0.8, eps=0)
    assert same(F["inside_step"](theta, s, g, 0.1, 0.8, 0.0), (there, memory["s"]), 1e-12)
    walk = record(descend(lambda theta: (theta[0], -3 * np.ones(1)), np.zeros(1), rmsprop, lr=0.1,
                          rho=0.8, eps=0), 6).theta[:, 0]
    assert same(F["first_steps"](0.1, 0.8, 5), np.diff(walk), 1e-12)
    past, weights = RNG.normal(2, 1, (9, 3)), 0.2 * 0.8**np.arange(8, -1, -1)
    theta, s, m = np.zeros(3), np.zeros(3), np.zeros(3)
    for g in past:
        before = theta
        theta, s, m = F["centered_step"](theta, s, m, g, 0.1, 0.8, 0.5)
    assert same((s, m), (weights @ past**2, weights @ past), 1e-12)
    variance = weights @ past**2 - (weights @ past)**2
    assert same(before - theta, 0.1 * past[-1] / (variance + 0.5)**0.5, 1e-12)


def test_at_the_rate_limit_stability_ends():
    a = RNG.normal(size=(3, 3))
    hessian, s = a @ a.T + np.eye(3), np.array([0.5, 4.0, 9.0])
    for share, grows in ((0.99, False), (1.01, True)):
        lr, theta = share * F["rate_limit"](hessian, s, 0.1), np.ones(3)
        for _step in range(3000):
            theta = theta - lr * hessian @ theta / (s + 0.1)**0.5
        assert (np.linalg.norm(theta) > 1) == grows


def test_what_came_after_adam_is_adam_without_its_news():
    theta, past = np.zeros(3), RNG.normal(1, 1, (6, 3))
    mine, top, memory, means = [np.zeros(3), np.zeros(3), np.zeros(3), 0], [], {}, []
    high = [np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3), 0]
    for k, g in enumerate(past):
        decays = np.array([0.0, 1.0, 0.0])
        decayed = exercises()["adamw_step"].solution(mine[0], *mine[1:], g, 0.1, 0.3, 0.9, 0.99,
                                                     1e-8)[0]
        before = mine
        mine = F["decayed_step"](*before, g, 0.1, 0.3, decays, 0.9, 0.99, 1e-8)
        theta, memory = adam(theta, g, **memory, lr=0.1, beta1=0.9, beta2=0.99)
        assert same(mine[0][[0, 2]], theta[[0, 2]], 1e-12) and same(mine[0][1], decayed[1], 1e-12)
        means.append(memory["m"] / (1 - 0.9**(k + 1)))
        high = F["amsgrad_step"](*high, g, 0.1, 0.9, 0.99, 1e-8)
        top.append(high[2])
    assert same(F["corrected_averages"](past, 0.9), means, 1e-12)
    assert same(high[3], np.max(top, axis=0), 1e-12)
    calm = F["amsgrad_step"](theta, *(memory[k] for k in "mv"), np.zeros(3), 6, past[0], 0.1, 0.9,
                             0.99, 1e-8)
    rising = memory["v"] < calm[2]
    assert same(calm[0][rising], adam(theta, past[0], **memory, lr=0.1, beta1=0.9,
                                      beta2=0.99)[0][rising], 1e-12)


# The project.

PROJECT = ITEMS["08-step"]
TUNED = {
    "reference": (10, PROJECT.exercise.solution),
    "momentum": (10, lambda theta, g, memory, k: (lambda v: (theta - 0.045 * v, {"v": v}))(
        0.9 * memory.get("v", 0) + g)),
    "adam": (10, lambda theta, g, memory, k: adam(theta, g, **memory, lr=0.008)),
    "gradient descent": (6, lambda theta, g, memory, k: (theta - 0.09 * g, memory)),
    "gradient descent, slow": (3, lambda theta, g, memory, k: (theta - 0.024 * g, memory)),
    "nothing": (0, lambda theta, g, memory, k: (theta, memory)),
}


@pytest.mark.parametrize("name", TUNED)
def test_an_optimizer_gets_the_points_of_its_accuracy(name):
    points, function = TUNED[name]
    for seed in range(5):
        found, _mistake, text = judged(PROJECT, function, seed)
        assert found == points, text
        assert ("✓" in text) == (points == 10) and "of unseen digits" in text


@pytest.mark.parametrize("function, words", [
    (lambda theta, g, memory, k: (theta + np.exp(7.0 * k) * g, memory), "not finite any more"),
    (lambda theta, g, memory, k: (theta + 0.1 * g, memory), "does it go uphill"),
    (lambda theta, g, memory, k: (theta * np.nan, memory), "iteration 0 of a run"),
    (lambda theta, g, memory, k: None, "not attempted yet"),
])
def test_an_optimizer_that_fails_is_told_why(function, words):
    points, _mistake, text = judged(PROJECT, function, 0)
    assert points == 0 and words in text


@pytest.mark.parametrize("answer", [1, (1, 2), (np.zeros(3), {}), (["a"] * 1810, {}), "ab"])
def test_an_optimizer_that_returns_something_else_raises(answer):
    with pytest.raises((ValueError, TypeError)):
        judged(PROJECT, lambda theta, g, memory, k: answer, 0)


def test_the_optimizer_cannot_change_the_graders_arrays():
    def greedy(theta, g, memory, k):
        theta -= 0.045 * g
        g[:] = 0
        return theta, memory
    assert judged(PROJECT, greedy, 0)[0] == 6
