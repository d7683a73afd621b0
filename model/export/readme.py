"""README.md of an exported version: how another program runs it, and what its outputs mean."""

from __future__ import annotations

from model.config import VersionConfig
from model.preset_facts import facts_of

README_NAME = "README.md"
FORMATS = {"openvino": "OpenVINO", "tf": "TensorFlow's SavedModel", "litert": "LiteRT (TensorFlow Lite)"}

_IMPORTS = {"openvino": "import openvino", "tf": "import tensorflow as tf", "litert": "import tensorflow as tf"}
_RUN = {
    # By default it computes in bfloat16 wherever the processor can.
    "openvino": """\
pair = openvino.Core().compile_model("pair.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
answer = pair({"rgb": rgb})""",
    "tf": """\
loaded = tf.saved_model.load(".")  # keep it as long as its signature: it holds the weights
answer = loaded.signatures["serving_default"](rgb=tf.constant(rgb))""",
    "litert": """\
pair = tf.lite.Interpreter("pair.tflite").get_signature_runner()  # or Interpreter of the package ai-edge-litert
answer = pair(rgb=rgb)""",
}
_NOTES = {
    "openvino": "",
    "tf": "",
    "litert": "\nWithout signatures, as in C: resize the input to (1, h, w, 3), then allocate the tensors.\n",
}


def readme(version: VersionConfig, name: str, form: str, difference: float) -> str:
    """Describe the export in Markdown: how to run it, input, outputs in metres, and its difference from Keras."""
    width, height = version.size
    focal = version.canonical_focal_px
    asks_focal = "" if focal is None else f"fx = {focal:g}  # your camera's focal length, in pixels of that picture\n"
    scaled = "" if focal is None else f" * (fx / {focal:g})"
    return f"""\
# {name} for {FORMATS[form]}

Depth and edges from one RGB picture: the networks of lidarlive's weights version `{name}`, preset `{version.preset}`.
`card.md` describes their training data and accuracy, `config.json` holds the same for programs.

```python
import numpy as np
{_IMPORTS[form]}

rgb = np.zeros((1, {height}, {width}, 3), np.uint8)  # your picture
{asks_focal}{_RUN[form]}
depth_m = np.asarray(answer["canonical_depth"]){scaled}
edges = np.asarray(answer["edges"])
```
{_NOTES[form]}
## Input
`rgb`, uint8 (1, h, w, 3): red, green, blue. Resize an upright picture to h = {height}, w = {width}, and one that is
wider than high to h = {width}, w = {height}; average where that shrinks it.

## Outputs
- `canonical_depth`, float32 (1, h, w, 1): {_depth(focal)}
- `edges`, float32 (1, h, w, 1): {facts_of(version.preset).edges}.

Before this was written, pictures of both orientations were run by it and by Keras: the answers differ by
{difference:.1g} at most, relative.
"""


def _depth(focal: float | None) -> str:
    if focal is None:
        return "metres, whatever the camera; 0 where there is no answer."
    return f"""\
metres for a camera of the canonical focal length, {focal:g} pixels. For yours:

      metres = canonical_depth * fx / {focal:g}

  where fx is the focal length in pixels of the resized picture: that of the original * w / width of the original.
  Where it is unknown, {focal:g} is a guess."""
