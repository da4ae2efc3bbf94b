"""Exercises on fair comparisons."""

EXERCISES = ()
