"""The ONNX boundary: what makes a bundle and what opens one."""

import os

# ONNX Runtime reads this when it is imported, which only modules of this room do, or after them. Without it, it looks
# its maker's server up and keeps a device id and a queue of messages under HOME.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
