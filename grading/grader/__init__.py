"""Graded exercises: from a folder of handed-in notebooks to a gradebook.

A submission is data. `submission` takes the text of its answer cells and nothing else; `sandbox`
runs that text where it can reach nothing (its end is `inside`), and calls its functions through
a pipe that carries numbers and arrays (`wire`); `scoring` compares what comes back with the
references, on this side, and makes the report.
"""
