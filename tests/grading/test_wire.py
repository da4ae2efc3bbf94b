"""What crosses the pipe: numbers and arrays come out as they went in, all else is refused."""

import json
from fractions import Fraction

import numpy as np
import pytest

from grader.wire import DEPTH, SIDE, WireError, decode, encode


def through(value, **functions):
    return decode(json.loads(json.dumps(encode(value))), **functions)


@pytest.mark.parametrize("value", [
    None, True, False, 0, -3, 2**63 - 1, -2**63, 0.1, 1e-320, float("inf"), [], [1, [2.5, None]],
    (), (1, (2, [3])), {}, {"m": 1.5, "t": (1, 2)}])
def test_a_value_crosses_as_itself(value):
    assert through(value) == value and type(through(value)) is type(value)


@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i8", "i2", "u1", "?", ">f8", "longdouble"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (1, 0, 2)])
def test_an_array_crosses_with_its_shape_and_numbers(kind, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(kind)
    got = through(array)
    assert got.shape == shape and np.array_equal(got, array)
    assert got.dtype == {"f": float, "i": int, "u": int, "b": bool}[array.dtype.kind]
    got[...] = 1  # an array of one's own, to be changed


@pytest.mark.parametrize("array", [
    np.array([np.nan, np.inf, -0.0]), np.arange(12.0).reshape(3, 4).T, np.arange(9)[::-2],
    np.asfortranarray(np.eye(3)), np.ma.array([1.0, 2.0]), np.broadcast_to(1.5, (2, 3))])
def test_arrays_of_every_layout_cross(array):
    np.testing.assert_array_equal(through(array), np.asarray(array))


@pytest.mark.parametrize("value, same", [
    (np.float64(1.5), 1.5), (np.float32(0.5), 0.5), (np.int32(7), 7), (np.uint8(7), 7),
    (np.bool_(True), True), (np.longdouble(2), 2.0), (..., None), (range(3), [0, 1, 2]),
    (iter([1, 2]), [1, 2]), ((k for k in range(2)), [0, 1])])
def test_what_is_as_good_as_a_number_or_a_list_is_taken_for_it(value, same):
    got = through(value)
    assert got == same and type(got) is type(same)


def test_a_generator_without_end_is_cut():
    from itertools import count
    assert len(encode(count())) == 10_000


@pytest.mark.parametrize("value", [
    "text", b"bytes", 1j, np.complex128(1j), 2**63, object(), print, np, {1, 2}, Fraction(1, 2),
    np.array(["a"]), np.array([None]), np.array([1j]), {1: 2}, {"a b": 1}, {"<b>": 1},
    np.datetime64("2020"), np.zeros((SIDE + 1, 0)), np.random.default_rng(0)])
def test_all_else_is_refused(value):
    with pytest.raises(WireError):
        encode(value)
    with pytest.raises(WireError):
        encode([value])


def test_a_list_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(WireError):
        encode(loop)


def nested(depth):
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize("message", [
    "text", {}, {"other": 1}, {"array": 1}, {"array": []}, {"array": ["f", [2], "AAAA"]},
    {"array": ["O", [1], "AAAAAAAAAAA="]}, {"array": ["f", [-1], "AAAAAAAAAAA="]},
    {"array": ["f", [1.0], "AAAAAAAAAAA="]}, {"array": ["f", [True], "AAAAAAAAAAA="]},
    {"array": ["f", [1], "????????????"]}, {"array": ["f", [0, 10**15], ""]},
    {"array": ["f", "1", "AAAAAAAAAAA="]}, {"array": ["f", [1] * 40, "AAAAAAAAAAA="]},
    {"array": [["f"], [1], "AAAAAAAAAAA="]}, {"array": ["f", None, "AAAAAAAAAAA="]},
    {"array": ["f", [1], None]}, {"tuple": 1}, {"tuple": "ab"}, {"tuple": {"a": 1}}, {"dict": []},
    {"dict": {"a b": 1}}, {"dict": {"<script>": 1}}, {"function": 0}, {"rng": 1}, 10**30,
    ["text"], {"dict": {"a": "text"}}, nested(DEPTH + 1)])
def test_a_message_that_encode_does_not_write_is_refused(message):
    with pytest.raises(WireError):
        decode(message)


@pytest.mark.parametrize("message", [{"function": True}, {"function": "0"}, {"rng": 1.0},
                                     {"rng": [1]}])
def test_a_number_of_a_function_is_a_number(message):
    with pytest.raises(WireError):
        decode(message, lambda k: print)


def test_a_list_as_deep_as_allowed_crosses():
    assert through(nested(DEPTH)) == nested(DEPTH)


def test_bytes_of_an_array_of_truths_are_truths():
    got = decode({"array": ["b", [3], "AAEC"]})
    assert got.tolist() == [False, True, True] and got.view("u1").max() == 1


def test_functions_cross_as_numbers_and_generators_as_seeds():
    known = [print]
    sent = encode([len, np.random.default_rng(5)], lambda f: known.append(f) or len(known) - 1)
    assert sent[0] == {"function": 1} and known[1] is len
    function, rng = decode(sent, known.__getitem__)
    assert function is len
    rng_again = decode(encode(np.random.default_rng(5), id), id)
    assert rng.integers(1000, size=9).tolist() == rng_again.integers(1000, size=9).tolist()


def test_a_generator_gives_another_seed_each_time():
    rng = np.random.default_rng(5)
    assert encode(rng, id) != encode(rng, id)
