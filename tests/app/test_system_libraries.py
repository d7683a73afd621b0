"""Which system libraries are missing, according to a loader that is really asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import system_libraries

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are checked on Linux only")
SCRIPT = Path(system_libraries.__file__)


def run(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    """The script as the Makefile starts it, seeing only the programs in `path`."""
    environment = {"PATH": path, "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_the_loader_is_asked() -> None:
    assert system_libraries.loads("libc.so.6")
    assert not system_libraries.loads("libsurely-not-there.so.9")


def test_every_library_of_qt_is_in_the_table() -> None:
    """What `ldd` names for the X11 plugin and is not part of the wheel or of the C library must be in the table."""
    import PyQt5

    plugin = Path(PyQt5.__file__).parent / "Qt5/plugins/platforms/libqxcb.so"
    if not plugin.is_file():
        pytest.skip("PyQt5 is not the one from the wheel")
    needed: set[str] = set()
    wheel = {path.name: path for path in (plugin.parents[2] / "lib").glob("*.so*")}
    waiting = [plugin]
    while waiting:
        library = waiting.pop()
        report = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=False).stdout
        for soname in (line.split()[1] for line in report.splitlines() if line.strip().startswith("NEEDED")):
            if soname not in needed and soname in wheel:
                waiting.append(wheel[soname])
            needed.add(soname)
    if not needed:
        pytest.skip("objdump (binutils) is not installed")
    of_the_system = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1"}
    loader = {soname for soname in needed if soname.startswith("ld-linux")}
    assert needed - set(wheel) - of_the_system - loader <= set(system_libraries.PACKAGE_OF)


def test_missing_xvfb_is_named_with_the_line_to_type(tmp_path: Path) -> None:
    """An apt-get that does nothing: what was missing still is, and the line is printed."""
    (tmp_path / "apt-get").symlink_to("/bin/true")
    (tmp_path / "sudo").symlink_to("/bin/false")  # asks for a password
    (tmp_path / "sh").symlink_to("/bin/sh")
    result = run("--tests", path=str(tmp_path))
    assert result.returncode == 1
    assert "Xvfb" in result.stderr
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("    "))
    assert "apt-get install -y --no-install-recommends" in line
    assert line.split()[-1].endswith("xvfb")
    assert "Traceback" not in result.stderr


def test_without_apt_the_names_are_said(tmp_path: Path) -> None:
    result = run("--tests", path=str(tmp_path))
    assert result.returncode == 1
    assert "Xvfb" in result.stderr
    assert "package manager" in result.stderr


def test_nothing_is_said_where_nothing_is_missing(tmp_path: Path) -> None:
    if system_libraries.missing():
        pytest.skip(f"missing here: {', '.join(system_libraries.missing())}")
    result = run(path=str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(("user", "sudo"), [(0, True), (1000, True), (1000, False)])
def test_install_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, sudo: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    if sudo:
        (tmp_path / "sudo").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    line = system_libraries.install_line(["libgl1", "xvfb"])
    expected = "apt-get update; apt-get install -y --no-install-recommends libgl1 xvfb"
    if user == 0:
        assert line == expected
    elif sudo:
        assert line == expected.replace("apt-get", "sudo apt-get")
    else:
        assert line == f'su -c "{expected}"'
