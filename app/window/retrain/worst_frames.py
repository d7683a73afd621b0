"""Single frames on which two versions of the weights are looked at side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PyQt5.QtWidgets import QHBoxLayout, QWidget

from app.session.color_maps import TURBO, SmoothRange, depth_indices
from app.widgets.image_panel import ImagePanel
from app.widgets.qimages import indexed_image, rgb_image
from app.widgets.theme import GAP
from capture.frame import DepthMap, Frame
from capture.recording import Recording
from model.predictor import Predictor

HEIGHT = 190  # pixels of a row


@dataclass(frozen=True, eq=False)
class WorstFrame:
    """A frame, what both say of it (float32 (h, w), metres), and their RMSE."""

    frame: Frame
    which: str
    champion_m: DepthMap
    challenger_m: DepthMap
    rmse_m: tuple[float, float]


def look_at(shots: Sequence[dict[str, Any]], champion: Path, challenger: Path) -> list[WorstFrame]:
    """The frames that a comparison names (model/evaluation/paired_sums.py), predicted by both versions.

    Blocks on the disk and on inference. Raises LidarliveError where a recording or a version cannot be read.
    """
    old, new = Predictor(champion), Predictor(challenger)
    found = []
    for shot in shots:
        path, index = Path(shot["recording"]), int(shot["index"])
        frame = Recording(path).frame(index)
        errors = float(shot["champion_rmse_m"]), float(shot["challenger_rmse_m"])
        depths = old.of_frame(frame).depth_m, new.of_frame(frame).depth_m
        found.append(WorstFrame(frame, f"{path.name}, frame {index + 1}", *depths, errors))
    return found


class WorstFrameRow(QWidget):
    """RGB, LiDAR, and what both versions say, in one scale."""

    def __init__(self, looked: WorstFrame) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        frame = looked.frame
        near_m, far_m = SmoothRange().depth(frame.depth_m, looked.champion_m, looked.challenger_m)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        maps = (
            ("LiDAR", frame.depth_m, f"{near_m:.1f} to {far_m:.1f} m"),
            ("In use", looked.champion_m, f"RMSE {looked.rmse_m[0]:.2f} m"),
            ("New", looked.challenger_m, f"RMSE {looked.rmse_m[1]:.2f} m"),
        )
        rgb = ImagePanel("RGB", looked.which)
        rgb.show_picture(rgb_image(frame.rgb_for((HEIGHT, HEIGHT))), looked.which)
        pictures = [rgb]
        for title, depth_m, caption in maps:
            panel = ImagePanel(title, "Near is blue, far is red; one scale for all three")
            panel.show_picture(indexed_image(depth_indices(depth_m, near_m, far_m), TURBO), caption)
            pictures.append(panel)
        for panel in pictures:
            panel.aspect = frame.rgb_size[0] / frame.rgb_size[1]
            layout.addWidget(panel, 1)
