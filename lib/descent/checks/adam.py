"""Exercises on Adam."""

EXERCISES = ()
