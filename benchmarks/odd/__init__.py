"""The recipes of ``benchmarks/odd_inputs.py``, one module for each room."""
