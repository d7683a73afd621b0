"""The commands of `lidarlive`. A new command is one file in this folder and one line here."""

from __future__ import annotations

from app.cli.framework.command import Command, CommandGroup

DEFAULT_COMMAND = Command("view", "app.cli.view", "Open the live window.")

COMMANDS = (
    DEFAULT_COMMAND,
    Command("devices", "app.cli.devices", "Diagnose the phone connection step by step and suggest fixes."),
    Command("record", "app.cli.record", "Record a source to disk, without a window."),
    Command("inspect", "app.cli.inspect", "Summarise recordings."),
    Command("check", "app.cli.check", "Verify recordings, and repair what a crash left incomplete."),
    Command("import", "app.cli.import_data", "Import data of other programs as recordings."),
    Command("export", "app.cli.export", "Export recordings for other programs."),
    Command("train", "app.cli.train", "Train a new version of the network."),
    Command("evaluate", "app.cli.evaluate", "Measure the network on recordings."),
    Command("predict", "app.cli.predict", "Predict the depth of pictures."),
    Command("emulate", "app.cli.emulate", "Emulate a phone."),
    CommandGroup(
        "weights",
        "List, activate, compare and export the versions of the network.",
        (
            Command("list", "app.cli.weights.list", "List the versions and mark the active one."),
            Command("use", "app.cli.weights.use", "Activate a version."),
            Command("rollback", "app.cli.weights.rollback", "Return to the version that was active before."),
            Command("compare", "app.cli.weights.compare", "Compare two versions on the same recordings."),
            Command("export", "app.cli.weights.export", "Convert a version for other programs."),
        ),
    ),
)
