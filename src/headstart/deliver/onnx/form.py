"""What an exported file is called inside, and in which version: known without the package onnx."""

from __future__ import annotations

FORMAT = 1
FACTS = "headstart"  # under which `headstart.records.exported.ExportedFacts` stand in the file's metadata
PICTURE, SQUARES = "picture", "pictures"  # inputs
PROBABILITIES, LABEL, SET, NONE, SQUARE = "probabilities", "label", "set", "none_of_these", "square"  # outputs
