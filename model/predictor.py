"""Predict depth from a picture with a weights version, through OpenVINO. Imports neither TensorFlow nor Keras."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from capture.errors import LidarliveError
from capture.frame import DepthMap, Frame, Intrinsics, describe
from capture.jpeg import UInt8Image
from model.config import FLOAT32, OPENVINO_NAMES, VersionConfig, file_crc32
from model.data.targets import Float32, focal_px, is_landscape, resize_rgb

Request = Any  # of openvino, which is imported when the first Predictor is made
DEPTH_OUTPUT, EDGES_OUTPUT = "canonical_depth", "edges"


class UndecodableError(ValueError):
    """The picture of a frame cannot be decoded."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Depth and edges of one picture.

    frame_index  of the frame it belongs to
    depth_m      float32 (h, w), metres, over the whole picture at the network's size
    edges        float32 (h, w), the gradient network's: Sobel magnitude / 8 of log depth, or as its preset has them
    seconds      that the prediction took
    """

    frame_index: int
    depth_m: DepthMap
    edges: Float32
    seconds: float


class Predictor:
    """Loaded weights: `Predictor(folder)(rgb, intrinsics)`. One call at a time; a call blocks until done.

    `threads` limits the processor cores (None: all). Portrait is compiled at once, landscape at its first picture.

    Raises LidarliveError where the folder is missing, torn or not a weights version.
    """

    def __init__(self, folder: Path | str, threads: int | None = None) -> None:
        # Imported here: it takes a tenth of a second, and the window should be painted first.
        from model.openvino_runtime import CORE

        self.folder = Path(folder)
        self.config = VersionConfig.read(self.folder)
        self._threads = threads
        self._core = CORE
        # By default OpenVINO uses bfloat16 wherever the processor has it, however accurate the result is.
        self.precision = self.config.precision if self._has(self.config.precision) else FLOAT32
        self._compiled: dict[bool, Request] = {}
        self._check_files()
        self._ready(landscape=False)

    def __call__(self, rgb: UInt8Image, intrinsics: Intrinsics | None = None, frame_index: int = 0) -> Prediction:
        """Predict. rgb: uint8 (H, W, 3), any size; intrinsics in its pixels, None = the canonical focal length."""
        start = time.perf_counter()
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
            raise ValueError(f"rgb must be uint8 (H, W, 3). Received: {describe(rgb)}")
        rgb_size = (rgb.shape[1], rgb.shape[0])
        landscape = is_landscape(rgb_size)
        size = self.config.input_size(landscape)
        request = self._ready(landscape)
        request.infer({"rgb": resize_rgb(rgb, size)[None]})
        depth_m = request.get_tensor(DEPTH_OUTPUT).data[0, ..., 0] * np.float32(self._scale(intrinsics, rgb_size, size))
        edges = request.get_tensor(EDGES_OUTPUT).data[0, ..., 0].copy()  # the next call overwrites the request's own
        return Prediction(frame_index, depth_m, edges, time.perf_counter() - start)

    def of_frame(self, frame: Frame) -> Prediction:
        """Predict for a frame; a JPEG is decoded no larger than the network needs.

        Raises UndecodableError where it cannot be decoded.
        """
        start = time.perf_counter()
        try:
            rgb = frame.rgb_for(self.config.input_size(is_landscape(frame.rgb_size)))
        except ValueError as error:
            raise UndecodableError(str(error)) from error
        intrinsics = frame.intrinsics.resized(frame.rgb_size, (rgb.shape[1], rgb.shape[0]))
        return replace(self(rgb, intrinsics, frame.index), seconds=time.perf_counter() - start)

    def _scale(self, intrinsics: Intrinsics | None, rgb_size: tuple[int, int], size: tuple[int, int]) -> float:
        """Factor from canonical depth to metres: 1 where the preset ignores the focal length."""
        canonical = self.config.canonical_focal_px
        return 1.0 if canonical is None else focal_px(intrinsics, rgb_size, size, canonical) / canonical

    def _has(self, precision: str) -> bool:
        """Whether this processor has it."""
        return precision == FLOAT32 or precision.upper() in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    def _check_files(self) -> None:
        for name in OPENVINO_NAMES:
            path = self.folder / name
            if not path.is_file():
                raise LidarliveError(f"{self.folder} is not a whole weights version: {name} is missing")
            if file_crc32(path) != self.config.files.get(name):
                raise LidarliveError(
                    f"{path} is damaged: its checksum is not the one in config.json. Copy or train it again"
                )

    def _ready(self, landscape: bool) -> Request:
        if landscape not in self._compiled:
            try:
                self._compiled[landscape] = self._compile(landscape)
            except RuntimeError as error:
                cause = str(error).strip().splitlines()[-1]
                raise LidarliveError(f"{self.folder}: OpenVINO cannot run its networks ({cause})") from None
        return self._compiled[landscape]

    def _compile(self, landscape: bool) -> Request:
        width, height = self.config.input_size(landscape)
        options: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": self.precision}
        if self._threads is not None:
            options["INFERENCE_NUM_THREADS"] = self._threads
        graph = self._core.read_model(self.folder / OPENVINO_NAMES[0])
        graph.reshape({"rgb": [1, height, width, 3]})
        try:
            return self._core.compile_model(graph, "CPU", options).create_infer_request()
        except RuntimeError:
            if self.precision == FLOAT32:
                raise
        # The processor has the lower precision, but its library may not use it (ONEDNN_MAX_CPU_ISA).
        self.precision = FLOAT32
        return self._compile(landscape)
