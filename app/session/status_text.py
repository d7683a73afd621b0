"""The window's sentences: status line, problems, hints, and what to do while there is no picture."""

from __future__ import annotations

from app.session.live_accuracy import WINDOW_S, Accuracy
from app.session.live_session import LiveStatus
from capture.recorder.status import RecordingStatus
from capture.usb.usbmuxd import HOW_TO_STREAM
from capture.wording import counted

CAPTURE_DELAY = (
    "Delay: from the capture of a frame, by the camera's clock, until it is drawn; less the time that the fastest "
    "frame of the last minute took to arrive, which cannot be measured"
)
ARRIVAL_DELAY = "Delay: from the arrival of a frame until it is drawn; its time of capture is unknown"


def status_line(status: LiveStatus) -> str:
    """Return stream rate, inference time, weights, losses and delay in one line; before them, why no frame arrives."""
    parts = [] if status.diagnosis is None else [status.diagnosis.found]
    parts.append(f"{status.fps:.0f} frames/s")
    predicting = status.predicting
    if predicting.mean_ms is not None:
        parts.append(f"inference {predicting.mean_ms:.1f} ms")
        parts.append(f"{predicting.per_s:.0f} predictions/s")
    without = "loading weights" if predicting.loading else "no weights"
    parts.append(f"weights {predicting.weights}" if predicting.weights else without)
    parts.append(f"{sum(status.lost.values())} lost")
    if status.possibly_lost:
        parts.append(f"{status.possibly_lost} possibly lost before USB")
    if status.delay_s is not None:
        parts.append(f"delay {status.delay_s * 1000:.0f} ms")
    return "  ·  ".join(parts)


def accuracy_line(accuracy: Accuracy | None) -> str:
    """Return the accuracy in one line; empty if it is unknown."""
    if accuracy is None:
        return ""
    figures = [
        f"RMSE {length(accuracy.rmse_m)}",
        f"AbsRel {accuracy.abs_rel:.1%}",
        f"δ1 {accuracy.delta1:.1%}",
        f"scale {accuracy.scale_ratio:.2f}",
    ]
    return "  ·  ".join(figures)


def accuracy_tool_tip(accuracy: Accuracy | None) -> str:
    """Explain the figures, and list the error by distance."""
    lines = [
        f"Prediction against LiDAR, last {WINDOW_S:.0f} s, confident readings from 0.2 to 5 m:",
        "root mean square error · mean error over distance · readings within 25 % · predicted over measured (median)",
    ]
    for each in accuracy.bins if accuracy is not None else ():
        reach = f"{each.near_m} to {each.near_m + 1} m"
        lines.append(f"{reach}: RMSE {length(each.rmse_m)}, {each.share:.0%} of the readings")
    return "\n".join(lines)


def length(metres: float) -> str:
    """Format a length: in centimetres below a metre."""
    return f"{metres * 100:.1f} cm" if metres < 1 else f"{metres:.2f} m"


def problem(status: LiveStatus, streams: bool) -> str:
    """Return the newest problem; empty if there is none. `streams`: a frame has arrived.

    Before the first frame the waiting page shows why there is none. The text stays the same while a problem lasts: a
    person can close it.
    """
    failure = status.detail if status.state == "failed" and streams else ""
    recording = status.recording.error if status.recording is not None else ""
    silence = f"{status.diagnosis.title}: {status.diagnosis.fix}" if status.diagnosis is not None and streams else ""
    return failure or recording or silence or status.predicting.error


def hint(status: LiveStatus, streams: bool) -> str:
    """Return what is worth knowing but no problem: a pause of the stream, or a remark of the running recording."""
    if streams and status.state in ("waiting", "connecting", "ended") and status.diagnosis is None:
        return status.detail or f"{status.source}: {status.state}"
    running = status.recording is not None and not status.recording.finished
    return status.recording.remark if status.recording is not None and running else ""


def status_tool_tip(status: LiveStatus) -> str:
    """Explain the status line, and list the losses by cause."""
    lines = [
        "Frames a second from the phone · milliseconds for one prediction and how many are made a second",
        f"Frames lost between phone and program: {causes(status.lost)}",
    ]
    if status.possibly_lost:
        lines.append(f"Possibly lost before USB: {status.possibly_lost}, estimated from pauses between frames")
    if status.delay_s is not None:
        lines.append(CAPTURE_DELAY if status.delay_of_capture else ARRIVAL_DELAY)
    return "\n".join(lines)


def causes(lost: dict[str, int]) -> str:
    """Return `none`, or each cause with its count: `disk slow 3, disconnected 1`."""
    return ", ".join(f"{cause.replace('_', ' ')} {count}" for cause, count in lost.items() if count) or "none"


def recording_line(recording: RecordingStatus) -> str:
    """Return time, frames written, lost and left out by choice of a running recording, or its result."""
    lost = sum(recording.lost.values())
    chosen = "" if recording.choice.is_all else f"   {recording.choice.short_words()}"
    counts = f"{counted(recording.written, 'frame')}, {lost} lost" + (
        f", {recording.left_out} left out" if chosen else ""
    )
    if recording.finished:
        return f"Recorded {counts}: {_names(recording)}" if recording.written else "Nothing was recorded"
    if recording.saving is not None:
        return f"Saving… {recording.saving:.0%}   {counts}"
    minutes, seconds = divmod(int(recording.seconds), 60)
    space = "" if recording.left_s is None else f"   disk for {_span(recording.left_s)}"
    return f"{minutes:02d}:{seconds:02d}   {counts}{space}{chosen}"


def _names(recording: RecordingStatus) -> str:
    """Return the name of the recording; of several parts, each with its frames."""
    if len(recording.parts) > 1:
        return ", ".join(f"{part.path.name} {part.written}" for part in recording.parts)
    return recording.path.name if recording.path is not None else recording.name


def _span(seconds: float) -> str:
    """Format a duration in minutes, or in hours if it is long."""
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def recording_tool_tip(recording: RecordingStatus) -> str:
    """List losses by cause, the choice of frames, and the path."""
    lines = [f"Frames lost: {causes(recording.lost)}"]
    if not recording.choice.is_all:
        lines.append(f"Chosen: {recording.choice.words()}. Left out by choice: {recording.left_out}")
    if recording.possibly_lost:
        lines.append(f"Possibly lost before USB: {recording.possibly_lost}")
    return "\n".join([*lines, str(recording.path or "")]).strip()


def waiting_text(status: LiveStatus) -> tuple[str, str]:
    """Return headline and detail of the page that is shown while there is no frame."""
    if status.diagnosis is not None:
        found, fix = status.diagnosis.found, status.diagnosis.fix
        return status.diagnosis.title, f"{sentence(found)}\n\n{sentence(fix)}"
    if status.state == "preparing":
        if status.source.startswith("Demo room"):
            return f"Drawing the demo room… {status.prepared:.0%}", "This is done once. Later it starts at once."
        return f"Preparing {status.source}… {status.prepared:.0%}", "Its frames are prepared for playing."
    if status.state == "failed":
        return "No picture", status.detail
    if status.state == "ended":
        return f"{status.source} has ended", status.detail
    if status.state == "waiting":
        is_explained = HOW_TO_STREAM in status.detail
        return (
            "Waiting for the phone…",
            status.detail if is_explained else f"{status.detail}\n\nThen {HOW_TO_STREAM}".strip(),
        )
    return f"Connecting to {status.source}…", status.detail


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]
