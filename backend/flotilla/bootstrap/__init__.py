"""The composition root: the only place that names an adapter. Tests pass by the same door.

One file a program, so that none loads what only the other needs.
"""
