"""The demo room: renders a walk through a furnished room as an iPhone with LiDAR would record it.

`scene` places the furniture; `furniture`, `fittings`, `builder` and `textures` model it; `light` illuminates it (with
`rays`); `walk` moves the camera; `render` draws the pictures, `lidar` simulates the depth; `demo` combines them.
"""

from capture.room.demo import VERSION, DemoRoom

__all__ = ["VERSION", "DemoRoom"]
