"""Questions answer each option with its own reason; predictions are kept until they are settled."""

import pytest

from descent import questions as engine
from descent.questions import Prediction, Question, ask, predict, questions

NUMBERS = Prediction("width", "How many times narrower?",
                     options=(("Not at all", 1), ("2 times", 2), ("4 times", 4), ("16 times", 16)))
CHANGE = Prediction("change", "By how much?", options=(("Less", -1), ("Same", 0), ("More", 1)))
WORDS = Prediction("uphill", "Is that a bug?", options=(("Always", "always"), ("No", "sometimes")))
CHOICE = Question("flat", "What is `g = 0`?", right=1,
                  options=(("A minimum", "It can be <more>."), ("A stop", "Yes."), ("Luck", "No.")))


@pytest.fixture(autouse=True)
def known(monkeypatch, request):
    ask.cache_clear()
    engine._guess.cache_clear()
    if "shipped" not in request.keywords:
        monkeypatch.setattr(engine, "questions",
                            lambda: {q.id: q for q in (NUMBERS, CHANGE, WORDS, CHOICE)})


shipped = pytest.mark.parametrize("item", questions().values(), ids=questions())


@shipped
def test_every_question_says_what_it_needs(item):
    assert item.text and all(text for text, _value in item.options)
    assert len({text for text, _value in item.options}) == len(item.options) >= 2
    if isinstance(item, Question):  # each option has a reason of its own
        assert len({reason for _text, reason in item.options}) == len(item.options)


@shipped
def test_every_option_can_be_chosen(item):
    if isinstance(item, Question):
        asked = engine.Asked(item)
        for k, (_text, reason) in enumerate(item.options):
            asked.radio.value = k
            assert engine._marked_up(reason) in asked.feedback.value
            assert ("✓" in asked.feedback.value) == (k == item.right)
    else:
        for k, (_text, value) in enumerate(item.options):
            assert item.nearest(value) == k


def test_nothing_is_said_before_a_choice():
    asked = ask("flat")
    assert asked.radio.value is None and asked.feedback.value == ""


def test_the_reason_is_announced_and_is_text():
    asked = ask("flat")
    asked.radio.value = 0
    assert asked.feedback.value.startswith('<div role="status"')
    assert "✗ It can be &lt;more&gt;." in asked.feedback.value
    assert "<code>g = 0</code>" in asked.view.children[0].value


def test_without_a_kernel_the_question_and_its_options_are_plain_text(capsys):
    text = ask("flat")._repr_mimebundle_()["text/plain"]
    assert text == "What is `g = 0`?\n( ) A minimum\n( ) A stop\n( ) Luck"
    predict("width")
    shown = capsys.readouterr().out
    assert shown == "How many times narrower?\n( ) Not at all\n( ) 2 times\n( ) 4 times\n( ) 16 times\n"


def test_a_widget_is_in_the_bundle():
    assert "application/vnd.jupyter.widget-view+json" in ask("flat")._repr_mimebundle_()


def test_a_prediction_is_committed_once_and_then_kept():
    guess = predict("width")
    guess.commit.click()
    assert guess.said is None and not guess.radio.disabled and "Choose" in guess.feedback.value
    guess.radio.value = 1
    guess.radio.value = 2
    assert guess.said is None
    guess.commit.click()
    assert guess.said == 2 and guess.radio.disabled
    assert not guess.commit.disabled    # a disabled button would drop the focus, and the keys
    guess.radio.value = 1
    guess.commit.click()
    assert guess.said == 2
    assert 'role="status"' in guess.feedback.value and "Kept" in guess.feedback.value


def test_run_again_a_cell_keeps_what_was_said():
    guess = predict("width")
    guess.radio.value = 2
    guess.commit.click()
    again = predict("width")
    assert again.said == 2 and again.radio.value == 2 and again.radio.disabled
    ask("flat").radio.value = 1
    assert "✓" in ask("flat").feedback.value


@pytest.mark.parametrize("said, tail", [(None, ""), (2, " You said “4 times”."), (1, " You said so.")])
def test_what_was_measured_is_printed_with_what_was_said(said, tail, capsys):
    guess = predict("width")
    if said is not None:
        guess.radio.value = said
        guess.commit.click()
    capsys.readouterr()
    guess.settle(2.0312)
    guess.settle(2.0312, digits=2)
    assert capsys.readouterr().out == (
        f"The answer:\nMeasured: 2.03. That is “2 times”.{tail}\n"
        f"The answer:\nMeasured: 2. That is “2 times”.{tail}\n")


def test_a_choice_that_is_not_committed_is_not_what_was_said(capsys):
    guess = predict("width")
    guess.radio.value = 0
    capsys.readouterr()
    guess.settle(4)
    assert capsys.readouterr().out == "The answer:\nMeasured: 4. That is “4 times”.\n"


def test_a_word_settles_a_prediction_of_words(capsys):
    guess = predict("uphill")
    guess.radio.value = 0
    guess.commit.click()
    capsys.readouterr()
    guess.settle("sometimes")
    assert capsys.readouterr().out == (
        "The answer:\nWhat happens: “No”. You said “Always”.\n")


@pytest.mark.parametrize("measured, option", [(0.1, 0), (1.4, 0), (1.5, 1), (2.9, 2), (7.9, 2),
                                              (8.1, 3), (1e9, 3), (-5, 0)])
def test_the_nearest_option_is_found_by_ratio(measured, option):
    assert NUMBERS.nearest(measured) == option  # 2.9 is nearer to 4 by ratio, to 2 by difference


@pytest.mark.parametrize("measured, option", [(-3, 0), (-0.4, 1), (0.6, 2)])
def test_the_nearest_option_is_found_by_difference_where_values_are_not_positive(measured, option):
    assert CHANGE.nearest(measured) == option


@pytest.mark.parametrize("item, measured", [(NUMBERS, float("nan")), (NUMBERS, float("inf")),
                                            (WORDS, "maybe"), (WORDS, 2)])
def test_a_measurement_that_settles_nothing_is_refused(item, measured):
    with pytest.raises(ValueError, match=f"{item.id} is settled by"):
        item.nearest(measured)


def test_an_unknown_id_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match="prediction must be one of width, change, uphill; got 'f"):
        predict("flat")
    with pytest.raises(ValueError, match="question must be one of flat; got 'width'"):
        ask("width")


@pytest.mark.parametrize("make", [
    lambda: Question("a", "?", options=(("x", "y"),), right=0),
    lambda: Question("a", "?", options=(("x", "y"), ("z", "u")), right=2),
    lambda: Prediction("a", "?", options=(("x", 1), ("z",))),
    lambda: Prediction("a", "?", options=(("x", 1), ("z", "one"))),
    lambda: Prediction("a", "?", options=(("x", 1), ("z", 1.0))),
])
def test_a_question_that_cannot_be_asked_is_refused(make):
    with pytest.raises(ValueError, match="^a: "):
        make()


def test_an_id_that_is_there_twice_is_refused(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(engine, "CHAPTERS", (engine.CHAPTERS[0], engine.CHAPTERS[0]))
    with pytest.raises(ValueError, match="is there twice"):
        questions()


def test_a_text_is_typeset_and_its_code_is_not():
    assert engine._marked_up("ρ = 0.9 < 1: `x = y[-1]`") == (
        "ρ\u00a0=\u00a00.9 &lt; 1: <code>x = y[-1]</code>")
