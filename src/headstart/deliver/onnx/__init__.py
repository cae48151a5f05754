"""A classifier as one ONNX file, from pixels to the answer, and the proof that it answers as the bundle does."""
