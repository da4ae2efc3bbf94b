"""The exercises' checks: a solution gets ✓, a stub is not attempted, each mistake is named."""

import inspect
import warnings

import numpy as np
import pytest

from descent.checks import ENDLESS, _outcomes, check, exercises, solution, verdict

EXERCISES = exercises()
IDEAS = [pytest.param(name, mistake, idea, id=f"{name}-{mistake.name}-{k}")
         for name, exercise in EXERCISES.items() for mistake in exercise.mistakes
         for k, idea in enumerate(mistake.functions)]


def student(name, function):
    """The function as a student's: with the exercise's name and parameters."""
    function.__name__ = name
    return function


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right(name):
    namespace = {"np": np}
    exec(solution(name), namespace)  # as a student pastes it: nothing but NumPy at hand
    assert verdict(namespace[name]).kind == "right", verdict(namespace[name]).text


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("body", ["'''What it is.'''\n    ...", "...", "pass", "return ...",
                                  "return None"])
def test_a_stub_is_not_attempted(name, body, capsys):
    namespace = {}
    signature = inspect.signature(EXERCISES[name].solution)
    exec(f"def {name}{signature}:\n    {body}", namespace)
    check(namespace[name])
    assert capsys.readouterr().out == f"○ {name}: not attempted yet.\n"


@pytest.mark.parametrize("name, mistake, idea", IDEAS)
def test_a_mistake_is_named_as_itself(name, mistake, idea):
    found = verdict(student(name, lambda *inputs: idea(*inputs)))
    assert (found.kind, found.text) == (mistake.name, f"✗ {name}: {mistake.text}")


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_knows_at_least_four_mistakes_with_names_of_their_own(name):
    names = [mistake.name for mistake in EXERCISES[name].mistakes]
    assert len(names) >= 4 and len(set(names)) == len(names)


@pytest.mark.parametrize("name", EXERCISES)
def test_no_mistake_is_an_error_whatever_the_input(name):
    exercise = EXERCISES[name]
    cases = exercise.cases(np.random.default_rng(0))
    for mistake in exercise.mistakes:  # else any function that raises would be taken for it
        for idea in mistake.functions:
            assert any(o.error is None for o in _outcomes(exercise, idea, cases)), mistake.name


SHUFFLING = [name for name, exercise in EXERCISES.items()
             if "rng" in inspect.signature(exercise.solution).parameters]


@pytest.mark.parametrize("burnt", range(1, 4))
@pytest.mark.parametrize("name", SHUFFLING)
def test_another_shuffle_changes_no_verdict(name, burnt):
    def burning(function):  # the same idea, whose random numbers come out differently
        def other(*inputs):
            inputs[-1].random(burnt)
            return function(*inputs)
        return student(name, lambda *inputs: other(*inputs))

    exercise = EXERCISES[name]
    assert verdict(burning(exercise.solution)).kind == "right"
    for mistake in exercise.mistakes:
        for idea in mistake.functions:
            assert verdict(burning(idea)).kind == mistake.name


def line(function):
    found = verdict(function)
    assert "\n" not in found.text and found.text.startswith(f"✗ {function.__name__}: ")
    assert found.kind == "wrong"
    return found.text.split(": ", 1)[1]


def test_an_error_is_a_sentence_with_the_line_that_raised_it():
    def count_iterations(n, size, epochs):
        return n // (size - size) * epochs
    assert "“return n // (size - size) * epochs”: ZeroDivisionError:" in line(count_iterations)


def test_an_error_in_what_the_function_calls_is_found_at_its_own_line():
    def mse_gradient(theta, x, y):
        return np.linalg.inv(x) @ y
    assert "“return np.linalg.inv(x) @ y”: numpy.linalg.LinAlgError: " in line(mse_gradient)


def test_an_error_in_a_part_of_the_function_is_found_where_it_is():
    def count_iterations(n, size, epochs):
        def per_epoch():
            return n / None
        return per_epoch() * epochs
    assert "“return n / None”: TypeError: " in line(count_iterations)


def test_another_error_is_not_taken_for_a_known_mistake():
    def gradient_step(theta, g, lr):
        if theta.dtype.kind == "i":
            raise LookupError("no whole numbers")
        theta -= lr * g
        return theta
    assert "LookupError: no whole numbers" in line(gradient_step)


@pytest.mark.parametrize("raised", [SystemExit(3), RecursionError("deep"), AssertionError()])
def test_whatever_is_raised_is_told(raised):
    def count_iterations(n, size, epochs):
        raise raised
    assert type(raised).__name__ in line(count_iterations)


def test_an_interrupt_is_no_answer():
    def count_iterations(n, size, epochs):
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        check(count_iterations)


def test_the_smallest_failing_example_is_shown():
    def count_iterations(n, size, epochs):
        return n + size
    assert line(count_iterations) == (
        "for n = 12, size = 4, epochs = 1: you get 16, and 3 is right.")


def test_an_unknown_property_is_told():
    def cut_into_batches(x, y, size, rng):
        order = rng.permutation(len(x))[:-1]
        return [(x[order[k:k + size]], y[order[k:k + size]]) for k in range(0, len(x) - 1, size)]
    assert line(cut_into_batches).endswith(
        "the batch sizes: you get [3, 3], and [3, 3, 1] is right.")

    def random_subset(x, y, size, rng):
        rows = rng.permutation(len(x))[:size]
        return x[rows] + 1, y[rows]
    assert line(random_subset).endswith(
        "it does not hold that the inputs of each example are left as they are.")


@pytest.mark.parametrize("answer, told", [
    ("15", "you get '15'; it should return one number."),
    (None, "it returns nothing yet: end with return and one number."),
    ([3], "the answer has shape (1,) instead of (); it should return one number."),
    ({"a": 1}, "you get {'a': 1}; it should return one number."),
    (float("nan"), "the answer is not a number (NaN): look for 0/0 or inf - inf."),
    (print, "it should return one number."),
    ([[1], [1, 2]], "you get [[1], [1, 2]]; it should return one number."),
    (1j, "you get 1j; it should return one number."),
])
def test_an_answer_of_another_kind_is_told(answer, told):
    def count_iterations(n, size, epochs):
        return answer if n else 0
    assert line(count_iterations).endswith(told)


@pytest.mark.parametrize("answer", [None, 7, "text", [], [1], [(1, 2)], np.zeros(3), {}, [()], print])
@pytest.mark.parametrize("name", EXERCISES)
def test_any_answer_gets_a_sentence(name, answer):
    function = student(name, lambda *inputs: answer if inputs else 0)
    assert verdict(function).kind not in ("right", "open")


def test_a_constant_factor_is_told():
    def mse_gradient(theta, x, y):
        return 6 / len(y) * x.T @ (x @ theta - y)
    assert line(mse_gradient).startswith("every number is 3 times the right one")


def test_a_column_is_named():
    def mse_gradient(theta, x, y):
        return (x.T @ (x @ theta - y))[:, None]
    assert "the answer has shape (2, 1) instead of (2,)" in line(mse_gradient)


def test_an_argument_that_is_changed_is_told_and_the_next_check_is_not_harmed():
    def batch_gradient(gradients, batch):
        mean = gradients[batch].mean(axis=0)
        gradients[:] = 0
        return mean
    assert "it changes gradients of its caller" in line(batch_gradient)
    assert verdict(EXERCISES["batch_gradient"].solution).kind == "right"


def test_a_wrong_answer_is_named_even_if_it_changes_an_argument_too():
    def batch_gradient(gradients, batch):
        total = gradients[batch].sum(axis=0)
        gradients[:] = 0
        return total
    assert verdict(batch_gradient).kind == "sum"


def test_a_wrong_number_of_parameters_is_told():
    def count_iterations(n, size):
        return n
    assert line(count_iterations) == (
        "it takes (n, size), but the exercise calls it with (n, size, epochs).")


def test_prints_are_kept_from_the_screen_and_are_no_answer(capsys):
    def count_iterations(n, size, epochs):
        print(-(-n // size) * epochs)
    check(count_iterations)
    assert capsys.readouterr().out == (
        "✗ count_iterations: it prints its answer; write return instead of print.\n")


def test_warnings_are_kept_from_the_screen(recwarn):
    def epoch_loss(losses, sizes):
        warnings.warn("look out", stacklevel=1)
        return np.sum(losses) / (np.sum(sizes) * 0)
    assert "inf" in line(epoch_loss)
    assert not recwarn.list


def test_a_generator_is_a_list_and_may_be_endless():
    def cut_into_batches(x, y, size, rng):
        order = rng.permutation(len(x))
        for k in range(0, len(x), size):
            yield x[order[k:k + size]], y[order[k:k + size]]
    assert verdict(cut_into_batches).kind == "right"

    def descent_history(gradient, theta, lr, steps):
        while True:
            yield theta
    assert f"the answer has shape ({ENDLESS}, 2)" in line(descent_history)


def test_other_right_ways_are_right():
    def count_iterations(n, size, epochs):
        return np.ceil(n / size) * epochs

    def epoch_and_position(iteration, n, size):
        return np.array(divmod(iteration, int(np.ceil(n / size))))

    def cut_into_batches(x, y, size, rng):
        order = np.arange(len(x))
        rng.shuffle(order)
        cuts = range(size, len(x), size)
        return zip(np.split(x[order], cuts), np.split(y[order], cuts))

    def epoch_loss(losses, sizes):
        return np.average(losses, weights=sizes)

    def mse_gradient(theta, x, y):
        return np.mean(2 * (x @ theta - y)[:, None] * x, axis=0)

    def largest_stable_rate(x):
        return len(x) / np.linalg.norm(x, 2)**2

    def cloud_variance(gradients, size):
        n = len(gradients)
        return gradients.var(axis=0, ddof=1).sum() / size * (1 - size / n)

    def decaying_rate(lr0, k0):
        return lambda k: lr0 * k0 / (k0 + k)

    def random_subset(x, y, size, rng):
        rows = rng.permutation(len(x))[:size]
        return [x[rows], y[rows]]

    for function in (count_iterations, epoch_and_position, cut_into_batches, epoch_loss,
                     mse_gradient, largest_stable_rate, cloud_variance, decaying_rate,
                     random_subset):
        assert verdict(function).kind == "right", verdict(function).text


@pytest.mark.parametrize("burnt", range(20))
def test_a_subset_may_be_in_order(burnt):
    def random_subset(x, y, size, rng):
        rng.random(burnt)
        rows = np.sort(rng.choice(len(x), size, replace=False))
        return x[rows], y[rows]
    assert verdict(random_subset).kind == "right", verdict(random_subset).text


def test_the_same_function_gets_the_same_line(capsys):
    def random_subset(x, y, size, rng):
        return x[:size] * rng.random(), y[:size]
    check(random_subset)
    check(random_subset)
    first, second = capsys.readouterr().out.splitlines()
    assert first == second


@pytest.mark.parametrize("given", ["count_iterations", 15, None, len])
def test_what_is_no_exercise_is_refused(given):
    with pytest.raises(ValueError, match="count_iterations, epoch_and_position"):
        check(given)


def test_an_unknown_solution_is_refused():
    with pytest.raises(ValueError, match="got sort"):
        solution("sort")


@pytest.mark.parametrize("name", EXERCISES)
def test_a_solution_is_short_and_says_what_it_does(name):
    assert EXERCISES[name].solution.__doc__ and len(solution(name).splitlines()) <= 12


def test_another_way_to_write_an_optimizer_is_right():
    def clip_by_norm(g, limit):
        length = (g * g).sum() ** 0.5
        return limit * g / length if length > limit else g.copy()

    def adam_step(theta, m, v, t, g, lr, beta1, beta2, eps):
        t += 1
        m, v = m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v)
        rate = lr * (1 - beta2**t)**0.5 / (1 - beta1**t)
        return [theta - rate * m / (v**0.5 + eps * (1 - beta2**t)**0.5), m, v, t]

    def signal_norms(weights, slopes, signal):
        norms = [float((signal**2).sum()**0.5)]
        for k in range(len(weights) - 1, -1, -1):
            signal = slopes[k] * np.dot(signal, np.transpose(weights[k]))
            norms.insert(0, float((signal**2).sum()**0.5))
        return norms

    def relu_signal(signal, w, a):
        return np.where(a, signal @ w.T, 0)

    def repaired_adam_training(gradient, theta, batches, epochs, lr):
        t = m = v = 0
        for batch in batches * epochs:
            t, g = t + 1, gradient(theta, batch)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            theta = theta - lr * m / (1 - 0.9**t) / ((v / (1 - 0.999**t))**0.5 + 1e-8)
        return theta

    def best_rate(rates, costs):
        order = np.argsort(np.median(costs, axis=-1))
        if order[0] == 0 or order[0] == len(order) - 1:
            raise ValueError
        return rates[order[0]]

    for function in (clip_by_norm, adam_step, signal_norms, relu_signal, repaired_adam_training,
                     best_rate):
        assert verdict(function).kind == "right", verdict(function).text


def test_a_part_of_the_answer_that_is_wrong_is_told_by_its_number():
    def adam_step(theta, m, v, t, g, lr, beta1, beta2, eps):
        return theta, beta1 * m + (1 - beta1) * g, v, t + 1
    found = line(adam_step)
    assert "number 1 of what it returns: you get [2, -1], and" in found
    assert "is right." in found


def test_an_error_that_is_missing_is_told():
    def best_rate(rates, costs):
        return rates[1 + np.median(costs, axis=1)[1:].argmin()]
    assert "it should stop with this: ValueError: the best rate is an end" in line(best_rate)


GIVEN = {
    "relu_signal": "return (signal @ w.T) * (a >= 0)",
    "sigmoid_signal": """
    def sigmoid(u):
        return 1 / (1 + np.exp(-u))
    def slope(u):
        return sigmoid(u) * (1 - sigmoid(u))
    return (signal @ w.T) * slope(sigmoid(z))""",
    "repaired_rmsprop": """
    s = rho * s + (1 - rho) * g**2
    return theta - (lr * g / np.sqrt(s) + eps), s""",
    "repaired_adam_training": """
    m, v = np.zeros(len(theta)), np.zeros(len(theta))
    for epoch in range(epochs):
        for t, batch in enumerate(batches, start=1):
            g = gradient(theta, batch)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            theta = theta - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
    return theta""",
    "repaired_epoch": """
    batches = [(x[k:k + size], y[k:k + size]) for k in range(0, len(x) - size + 1, size)]
    rng.shuffle(batches)
    return batches""",
}


@pytest.mark.parametrize("name", GIVEN)
def test_code_with_a_bug_to_find_gets_a_symptom_while_it_is_as_given(name):
    namespace = {"np": np}
    exec(f"def {name}{inspect.signature(EXERCISES[name].solution)}:\n    {GIVEN[name]}", namespace)
    found = verdict(namespace[name])
    assert found.kind == "as-given" and "not repaired yet" in found.text


SLIPS = [
    ("momentum_step", "velocity-unused", "takes g instead of the new v", """
    v = beta * v + g
    return theta - lr * g, v"""),
    ("momentum_history", "velocity-forgotten", "or the step takes g instead of v", """
    history, v = [theta], np.zeros(len(theta))
    for step in range(steps):
        g = gradient(theta)
        v = beta * v + g
        theta = theta - lr * g
        history.append(theta)
    return np.array(history)"""),
    ("momentum_history", "velocity-forgotten", "either v starts from 0 in every iteration", """
    history = [theta]
    for step in range(steps):
        v = np.zeros(len(theta))
        v = beta * v + gradient(theta)
        theta = theta - lr * v
        history.append(theta)
    return np.array(history)"""),
    ("bias_correct", "brackets", "is not m / (1 - beta**t)", """
    return m / 1 - beta**t"""),
    ("adam_step", "brackets", "is not m / (1 - beta1**t)", """
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / 1 - beta1**t
    v_hat = v / 1 - beta2**t
    return theta - lr * m_hat / (np.sqrt(v_hat) + eps), m, v, t"""),
    ("adamw_step", "theta-forgotten", "a share of each, lr * lam * theta", """
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return theta - lr * lam - lr * step, m, v, t"""),
    ("decaying_rate", "brackets-misplaced", "k alone is divided by k0", """
    def rate(k):
        return lr0 / (1 + k) / k0
    return rate"""),
    ("decaying_rate", "brackets-misplaced", "k alone is divided by k0", """
    return lambda k: lr0 / ((1 + k) / k0)"""),
    ("cloud_variance", "spread-over-everything", "mean without an axis", """
    n = len(gradients)
    variance = np.mean(np.sum((gradients - gradients.mean())**2, axis=1))
    return variance / size * (n - size) / (n - 1)"""),
    ("cloud_variance", "spread-over-everything", "np.var or", """
    return np.var(gradients) / size * (len(gradients) - size) / (len(gradients) - 1)"""),
]


@pytest.mark.parametrize("name, kind, words, body", SLIPS, ids=[f"{s[0]}-{s[1]}" for s in SLIPS])
def test_a_slip_as_students_write_it_is_named_in_words_that_fit_their_code(name, kind, words,
                                                                           body):
    namespace = {"np": np}
    exec(f"def {name}{inspect.signature(EXERCISES[name].solution)}:{body}", namespace)
    found = verdict(namespace[name])
    assert found.kind == kind and words in found.text, found.text
