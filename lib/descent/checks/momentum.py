"""Exercises on Momentum and Nesterov."""

EXERCISES = ()
