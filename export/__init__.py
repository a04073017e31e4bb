"""The ONNX boundary: what makes a bundle and what opens one."""
