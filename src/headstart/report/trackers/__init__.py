"""Trackers that people have: a finished run folder, told to TensorBoard, MLflow or Weights & Biases.

Everything that a tracker wants stands in the run folder, so logging is a function of it (`entries`) and one module for
each tracker. A new tracker is a module and a row of `choosing.TRACKERS`.
"""
