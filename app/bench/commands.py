"""The commands of `lidarlive bench`. A new benchmark is one file in this folder and one line here."""

from __future__ import annotations

from app.cli.framework.command import Command, CommandGroup

BENCHES = CommandGroup(
    "bench",
    "Measure the program on this computer.",
    (
        Command("capture", "app.bench.capture.bench", "Measure recording beside the live window."),
        Command("inference", "app.bench.inference", "Time the network in several runtimes."),
        Command("start", "app.bench.start", "Time the start of the window."),
        Command("window", "app.bench.window", "Measure the window at 60 frames per second."),
        Command("data", "app.bench.data", "Time reading and writing recordings."),
        Command("model", "app.bench.model", "Train and compare several networks."),
        Command("motion", "app.bench.motion.bench", "Measure scale from motion, with faults of the poses."),
    ),
)
