"""Exercises on RMSProp."""

EXERCISES = ()
