"""Preset `fast`: training tasks and inference graph of its networks (model/presets/fast/networks.py)."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from model.config import CANONICAL_FOCAL_PX
from model.predictor import DEPTH_OUTPUT, EDGES_OUTPUT
from model.presets.base import Model, Pair, Preset, Task, Variable, metres
from model.presets.fast import networks
from model.presets.fast.encoder import PREFIX
from model.presets.fast.losses import depth_loss, edge_loss, joint_loss

ENCODER_RATE = 0.25  # of the learning rate: the ImageNet features are adapted, not replaced


def tasks(pair: Pair) -> Iterator[Task]:
    """First the gradient network by itself, then both together, so that the depth loss trains the gradients too."""
    linked = networks.linked(pair)
    yield Task("gradient", linked.gradient, lambda batch: batch.depth, edge_loss, depth_m=None, share=0.12)
    yield Task(
        "finetune",
        networks.joint(linked),
        lambda batch: batch.depth,
        joint_loss,
        depth_m=lambda answer, batch: metres(answer[..., 0], batch),
        share=0.88,
        rate=encoder_slower,
        measure=lambda target, answer: depth_loss(target, answer[..., :1]),
    )


def encoder_slower(variable: Variable) -> float:
    """The share of the learning rate that a variable takes: less in the pretrained encoder."""
    return ENCODER_RATE if PREFIX in variable.path else 1.0


def graph(pair: Pair) -> Model:
    """uint8 RGB (n, h, w, 3) -> canonical depth in metres and edges, both (n, h, w, 1)."""
    rgb = keras.Input((None, None, 3), dtype="uint8", name="rgb")
    log_depth, edges = networks.depth_and_edges(networks.linked(pair), keras.ops.cast(rgb, "float32"))
    return keras.Model(rgb, {DEPTH_OUTPUT: keras.ops.exp(log_depth), EDGES_OUTPUT: edges}, name="inference")


PRESET = Preset("fast", networks.pair_of_networks, tasks, graph, CANONICAL_FOCAL_PX)
