"""Exercises on signals through layers and on clipping."""

EXERCISES = ()
