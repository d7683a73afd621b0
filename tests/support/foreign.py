"""Small data sets of image files, as others leave them, and what their poses are held against."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from capture.frame import Frame, Pose

START_S = 1305031229.528748  # of the sequence, in seconds since 1970
FRAME_S = 1 / 30


def png(image: np.ndarray[Any, Any]) -> bytes:
    """A PNG of what OpenCV takes: grey, or blue first."""
    return bytes(cv2.imencode(".png", image)[1])


def jpeg(level: int, size: tuple[int, int] = (72, 96)) -> bytes:
    """A JPEG of one grey level."""
    return bytes(cv2.imencode(".jpg", np.full((size[1], size[0], 3), level, np.uint8))[1])


def exr(depth: np.ndarray[Any, Any], compression: int = 3, channel: str = "R", lines: int = 16) -> bytes:
    """An OpenEXR file of one channel of float16 or float32 (h, w): uncompressed (0) or with ZIP compression (2, 3)."""
    height, width = depth.shape
    lines = lines if compression == 3 else 1
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    kind = {np.dtype(np.float16): 1, np.dtype(np.float32): 2}[depth.dtype]
    attributes = {
        ("channels", "chlist"): channel.encode() + b"\0" + struct.pack("<iIii", kind, 0, 1, 1) + b"\0",
        ("compression", "compression"): bytes([compression]),
        ("dataWindow", "box2i"): window,
        ("displayWindow", "box2i"): window,
        ("lineOrder", "lineOrder"): b"\0",
    }
    header = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    for (name, type_name), value in attributes.items():
        header += name.encode() + b"\0" + type_name.encode() + b"\0" + struct.pack("<I", len(value)) + value
    header += b"\0"
    chunks = []
    for first in range(0, height, lines):
        raw = depth[first : first + lines].tobytes()
        if compression:
            split = np.frombuffer(raw[0::2] + raw[1::2], np.uint8).astype(int)
            differences = np.diff(split, prepend=split[0] - 128) + 128
            differences[0] = split[0]
            packed = zlib.compress((differences % 256).astype(np.uint8).tobytes())
            raw = packed if len(packed) < len(raw) else raw
        chunks.append(struct.pack("<iI", first, len(raw)) + raw)
    begins = np.cumsum([len(header) + 8 * len(chunks), *map(len, chunks)])[:-1]
    return header + struct.pack(f"<{len(chunks)}Q", *begins.tolist()) + b"".join(chunks)


def tiff(image: np.ndarray[Any, Any]) -> bytes:
    return bytes(cv2.imencode(".tiff", image)[1])


def depth_map(level: int, size: tuple[int, int] = (24, 32)) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """uint16 (h, w): one level but for a hole and a reading without end in its corners."""
    depth = np.full(size[::-1], level, np.uint16)
    depth[0, 0], depth[-1, -1] = 0, 65535
    return depth


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files by their paths below `folder`; the folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pairs(frames: int, rgb: str = "rgb", depth: str = "depth") -> dict[str, bytes]:
    """Picture i has grey level 10 i, depth map i has the value 1000 + i."""
    files = {f"{rgb}/{i}.jpg": jpeg(10 * i) for i in range(frames)}
    return files | {f"{depth}/{i}.png": png(depth_map(1000 + i)) for i in range(frames)}


def sequence(frames: int) -> dict[str, bytes]:
    """A TUM sequence along x at 1 m/s: picture i after i / 30 s, its depth map, of the value 5000 + 5 i, 5 ms later."""
    files: dict[str, bytes] = {}
    lists: dict[str, list[str]] = {
        "rgb.txt": ["# color images"],
        "depth.txt": ["# depth maps"],
        "groundtruth.txt": ["#"],
    }
    for i in range(frames):
        for kind, late_s, image in (
            ("rgb", 0.0, np.full((48, 64, 3), 10 * i, np.uint8)),
            ("depth", 0.005, depth_map(5000 + 5 * i, (64, 48))),
        ):
            stamp = f"{START_S + i * FRAME_S + late_s:.6f}"
            files[f"{kind}/{stamp}.png"] = png(image)
            lists[f"{kind}.txt"].append(f"{stamp} {kind}/{stamp}.png")
    for k in range(-1, 4 * frames + 1):
        along_s = k * FRAME_S / 4 + 0.002
        lists["groundtruth.txt"].append(f"{START_S + along_s:.6f} {along_s:.6f} 2 3 0 0 0 1")
    return files | {name: "\n".join(lines).encode() for name, lines in lists.items()}


def film(path: Path, pictures: int | Sequence[int], size: tuple[int, int] = (96, 72)) -> Path:
    """An MP4 whose picture i has grey level 20 i, or nearly so; or 20 times each of these numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 60, size)
    for i in range(pictures) if isinstance(pictures, int) else pictures:
        writer.write(np.full((size[1], size[0], 3), 20 * i, np.uint8))
    writer.release()
    return path


def retime(path: Path, stamps: Sequence[int]) -> Path:
    """Stamp the pictures of a film of `film` anew, in sixtieths of a second."""
    steps = [*np.diff(stamps).tolist(), 1]
    rows = b"".join(struct.pack(">II", 1, step * _sixtieth(path)) for step in steps)
    return _replace_box(path, b"stts", struct.pack(">II", 0, len(steps)) + rows)


def edit(path: Path, *edits: tuple[int, int]) -> Path:
    """Give a film of `film` an edit list: durations in ms, and media times in sixtieths of a second (-1: nothing)."""
    unit = _sixtieth(path)
    rows = (struct.pack(">IiI", duration, start if start < 0 else start * unit, 1 << 16) for duration, start in edits)
    return _replace_box(path, b"elst", struct.pack(">II", 0, len(edits)) + b"".join(rows))


def _sixtieth(path: Path) -> int:
    data = path.read_bytes()
    return int(struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]) // 60


def _replace_box(path: Path, name: bytes, body: bytes) -> Path:
    """Replace a box of an MP4 whose tables are at its end, and correct the sizes of those around it."""
    data = path.read_bytes()
    start = data.index(name) - 4
    (size,) = struct.unpack_from(">I", data, start)
    grown = bytearray(data[:start] + struct.pack(">I", 8 + len(body)) + name + body + data[start + size :])
    for parent in (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"):
        at = data.index(parent) - 4
        (length,) = struct.unpack_from(">I", data, at)
        if at < start < at + length:
            struct.pack_into(">I", grown, at, length + 8 + len(body) - size)
    path.write_bytes(grown)
    return path


def scan(frames: int) -> dict[str, bytes]:
    """A Stray Scanner scan without its film: upright and level along x. Depth map i has the value 1000 + i."""
    lines = ["timestamp, frame, x, y, z, qx, qy, qz, qw"]
    files = {"camera_matrix.csv": b"70.0, 0.0, 47.5\n0.0, 71.0, 35.5\n0.0, 0.0, 1.0"}
    for i in range(frames):
        lines.append(f"{81000.5 + i / 60}, {i:06d}, {i / 100}, 1.5, 0.0, 1.0, 0.0, 0.0, 0.0")
        files[f"depth/{i:06d}.png"] = png(depth_map(1000 + i, (32, 24)))
        files[f"confidence/{i:06d}.png"] = png(np.full((24, 32), i % 3, np.uint8))
    return files | {"odometry.csv": "\n".join([*lines, ""]).encode()}


def rotation(pose: Pose) -> np.ndarray[Any, np.dtype[np.float64]]:
    """float64 (3, 3): the camera's axes in the world, one a column; by Rodrigues' formula, unlike the code tested."""
    x, y, z, w = pose.quaternion
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + 2 * w * cross + 2 * cross @ cross


def carried_error_m(first: Frame, second: Frame) -> float:
    """Median distance between what `first` measured, seen from where `second` was, and what `second` measured there."""
    camera = first.intrinsics.resized(first.rgb_size, first.depth_size)
    rows, columns = np.nonzero(first.depth_m)
    depth = first.depth_m[rows, columns]
    # Our cameras look along -z with y up.
    points = depth * np.array([(columns - camera.cx) / camera.fx, (camera.cy - rows) / camera.fy, -np.ones(len(rows))])
    world = rotation(first.pose) @ points + np.array([first.pose.position_m]).T
    x, y, z = rotation(second.pose).T @ (world - np.array([second.pose.position_m]).T)
    columns = np.rint(camera.cx + camera.fx * x / -z).astype(int)
    rows = np.rint(camera.cy - camera.fy * y / -z).astype(int)
    height, width = second.depth_m.shape
    seen = (z < 0) & (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    measured = second.depth_m[rows[seen], columns[seen]]
    return float(np.median(np.abs(measured + z[seen])[measured > 0]))
