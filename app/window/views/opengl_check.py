"""Check whether this computer can draw with OpenGL before anything depends on it."""

from __future__ import annotations

import ctypes
import os
import sys

from PyQt5.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

MIN_VERSION = (2, 1)  # that pyqtgraph needs


def surface_format() -> QSurfaceFormat:
    """Return the format to request from the driver, which may give a newer version."""
    requested = QSurfaceFormat()
    requested.setVersion(*MIN_VERSION)
    return requested


def prepare() -> None:
    """Prepare the import of PyOpenGL for the kind of context that Qt creates here.

    Raises RuntimeError, with the reason, if Qt cannot create one.
    """
    context, surface = QOpenGLContext(), QOffscreenSurface()
    context.setFormat(surface_format())
    if not context.create():
        raise RuntimeError("there is no OpenGL")
    if context.format().version() < MIN_VERSION:
        raise RuntimeError("there is only OpenGL {}.{}".format(*context.format().version()))
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        raise RuntimeError("its OpenGL does not answer")
    if sys.platform == "linux":
        os.environ.setdefault("PYOPENGL_PLATFORM", "glx" if _is_glx() else "egl")
    context.doneCurrent()


def _is_glx() -> bool:
    """Whether the current context was created through GLX, not EGL.

    PyOpenGL guesses from the desktop. It is wrong if Qt uses X on a Wayland desktop: then it finds no context and draws
    nothing.
    """
    current = ctypes.CDLL("libGL.so.1").glXGetCurrentContext
    current.restype = ctypes.c_void_p
    return bool(current())
