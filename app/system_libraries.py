"""The system libraries that Qt and OpenCV load but their wheels do not bring: finds what is missing and installs it.

The Makefile runs this file before `.venv` exists (so it needs the standard library only) and once more when PyQt5 is
there, because only then can the loader be asked for exactly what Qt's own plugin lacks. `--tests` asks for Xvfb too.
Status 0: all is there. Status 1: something is missing, and the line to type is printed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What the dynamic loader says (`ldd`) of PyQt5's libqxcb.so and libqoffscreen.so and of cv2's module, minus what every
# system with Python has; each with the Debian and Ubuntu package that brings it. PyOpenGL needs no more than libGL, and
# libgl1 depends on Mesa's driver, which draws where there is no graphics card.
PACKAGE_OF = {
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libXext.so.6": "libxext6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libxcb.so.1": "libxcb1",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libz.so.1": "zlib1g",
}
FONT = ("a TrueType font", "fonts-dejavu-core")  # Qt draws no text at all on a system without fonts
XVFB = ("Xvfb", "xvfb")  # the tests open the window on a real X display that nobody sees
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def missing(tests: bool = False) -> dict[str, str]:
    """What is not there, each with the package that brings it ("" where none is known)."""
    found = {soname: PACKAGE_OF.get(soname, "") for soname in unresolved_by_qt()}
    found |= {soname: package for soname, package in PACKAGE_OF.items() if not loads(soname)}
    if not any(has_font(Path(folder).expanduser()) for folder in FONT_FOLDERS):
        found[FONT[0]] = FONT[1]
    if tests and shutil.which("Xvfb") is None:
        found[XVFB[0]] = XVFB[1]
    return found


def loads(soname: str) -> bool:
    """Whether the dynamic loader finds the library."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def has_font(folder: Path) -> bool:
    return any(path.suffix.lower() in (".ttf", ".otf", ".ttc") for path in folder.rglob("*"))


def unresolved_by_qt() -> list[str]:
    """Sonames that PyQt5's X11 plugin needs and `ldd` does not find; nothing where PyQt5 is not installed yet."""
    package = importlib.util.find_spec("PyQt5")
    if package is None or shutil.which("ldd") is None:
        return []
    plugins = (Path(root) / "Qt5/plugins/platforms/libqxcb.so" for root in package.submodule_search_locations or [])
    sonames: list[str] = []
    for plugin in filter(Path.is_file, plugins):
        report = subprocess.run(["ldd", plugin], capture_output=True, text=True, check=False).stdout
        sonames += [line.split()[0] for line in report.splitlines() if line.rstrip().endswith("not found")]
    return sonames


def install_line(packages: Sequence[str]) -> str:
    """What a person types to install them: one line. A repository that cannot be updated does not stop the rest."""
    install = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() == 0:
        return f"apt-get update; {install}"
    if shutil.which("sudo") is None:
        return f'su -c "apt-get update; {install}"'
    return f"sudo apt-get update; sudo {install}"


def may_install() -> bool:
    """Whether apt-get can be run without asking anybody for a password."""
    if os.geteuid() == 0:
        return True
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    if not sys.platform.startswith("linux"):  # the wheels for macOS and Windows bring all they need
        return 0
    tests = "--tests" in arguments
    absent = missing(tests)
    if not absent:
        return 0
    print(f"Missing on this system: {', '.join(absent)}", file=sys.stderr)
    packages = sorted({package for package in absent.values() if package})
    if shutil.which("apt-get") is None or not packages:
        print("Install them with your system's package manager, then try again.", file=sys.stderr)
        return 1
    line = install_line(packages)
    if may_install():
        print(line, file=sys.stderr)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["sh", "-c", line], env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        absent = missing(tests)
        if not absent:
            return 0
        print(f"Still missing: {', '.join(absent)}. If apt-get failed above, try:", file=sys.stderr)
    else:
        print("Type this line, then try again:", file=sys.stderr)
    print(f"    {line}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
