"""The worst frames of a comparison, predicted by both versions side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtWidgets import QHBoxLayout, QWidget

from app.session.color_maps import TURBO, SmoothRange, depth_indices
from app.widgets.image_panel import ImagePanel
from app.widgets.qimages import indexed_image, rgb_image
from app.widgets.theme import GAP
from capture.frame import DepthMap, Frame
from capture.recording import Recording
from model.predictor import Predictor
from model.report import Shot

HEIGHT = 190  # pixels of a row


@dataclass(frozen=True, eq=False)
class WorstFrame:
    """A frame, its prediction by both versions (float32 (h, w), metres), and their RMSE."""

    frame: Frame
    which: str
    champion_m: DepthMap
    challenger_m: DepthMap
    rmse_m: tuple[float, float]


def predict_shots(shots: Sequence[Shot], champion: Path, challenger: Path) -> list[WorstFrame]:
    """Predict the frames that a comparison names with both versions.

    Blocks on the disk and on inference. Raises LidarliveError where a recording or a version cannot be read.
    """
    old, new = Predictor(champion), Predictor(challenger)
    frames = []
    for shot in shots:
        path = Path(shot.recording)
        frame = Recording(path).frame(shot.index)
        errors_m = shot.champion_rmse_m, shot.challenger_rmse_m
        depths_m = old.of_frame(frame).depth_m, new.of_frame(frame).depth_m
        frames.append(WorstFrame(frame, f"{path.name}, frame {shot.index + 1}", *depths_m, errors_m))
    return frames


class WorstFrameRow(QWidget):
    """RGB, LiDAR depth and both predictions, in one scale."""

    def __init__(self, worst: WorstFrame) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        frame = worst.frame
        near_m, far_m = SmoothRange().depth(frame.depth_m, worst.champion_m, worst.challenger_m)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        maps = (
            ("LiDAR", frame.depth_m, f"{near_m:.1f} to {far_m:.1f} m"),
            ("In use", worst.champion_m, f"RMSE {worst.rmse_m[0]:.2f} m"),
            ("New", worst.challenger_m, f"RMSE {worst.rmse_m[1]:.2f} m"),
        )
        rgb = ImagePanel("RGB", worst.which)
        rgb.show_picture(rgb_image(frame.rgb_for((HEIGHT, HEIGHT))), worst.which)
        pictures = [rgb]
        for title, depth_m, caption in maps:
            panel = ImagePanel(title, "Near is blue, far is red; one scale for all three")
            panel.show_picture(indexed_image(depth_indices(depth_m, near_m, far_m), TURBO), caption)
            pictures.append(panel)
        for panel in pictures:
            panel.aspect = frame.rgb_size[0] / frame.rgb_size[1]
            layout.addWidget(panel, 1)
