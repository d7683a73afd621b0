"""Prediction beside a live view: each with its own frame, continuing while other weights load or fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.session import predictor_thread as predicting
from app.session.predictor_thread import PredictorThread
from capture.frame import Frame
from capture.jpeg import Jpeg
from capture.storage.encoding import encode
from model.predictor import Prediction, Predictor
from tests.support.frames import make_frame
from tests.support.waiting import wait_until
from tests.support.weights import write_weights


class Seen:
    """What came of it, and whether it must wait."""

    def __init__(self) -> None:
        self.predictions: list[tuple[Prediction, Frame]] = []
        self.must_wait = False

    def add(self, prediction: Prediction, frame: Frame) -> None:
        self.predictions.append((prediction, frame))


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def live(seen: Seen, tmp_path: Path) -> Iterator[PredictorThread]:
    made = PredictorThread(seen.add, lambda: seen.must_wait, write_weights(tmp_path / "first"))
    made.start()
    yield made
    made.close(10)


def offer_until_predicted(live: PredictorThread, seen: Seen, more: int = 1) -> None:
    wanted = len(seen.predictions) + more
    numbers = iter(range(1000))

    def enough() -> bool:
        live.offer(make_frame(next(numbers), (72, 96), (24, 32)))
        return len(seen.predictions) >= wanted

    wait_until(enough, "predictions")


def use_and_predict(live: PredictorThread, seen: Seen, weights: Path) -> None:
    """Put weights in use after a failure: they load, predict, and the error is over."""
    live.use(weights)
    wait_until(lambda: not live.status().loading, "the weights are ready again")
    offer_until_predicted(live, seen)
    assert (live.status().weights, live.status().error) == (weights.name, "")


def test_other_weights_predict_the_frame_that_stands_still(live: PredictorThread, seen: Seen, tmp_path: Path) -> None:
    """As of a recording that is paused: no newer frame comes."""
    offer_until_predicted(live, seen)
    live.use(write_weights(tmp_path / "second", black_m=3.0))
    wait_until(lambda: seen.predictions[-1][1] in [frame for _, frame in seen.predictions[:-1]], "the same frame again")
    (before, frame), (after, again) = seen.predictions[-2:]
    assert again is frame
    assert live.status().weights == "second"
    assert (after.depth_m > before.depth_m).all()


def test_each_prediction_comes_with_its_own_frame(live: PredictorThread, seen: Seen) -> None:
    assert live.status().loading
    offer_until_predicted(live, seen, 5)
    for prediction, frame in seen.predictions:
        assert prediction.frame_index == frame.index
    status = live.status()
    assert (status.weights, status.error, status.loading) == ("first", "", False)
    assert status.mean_ms is not None
    assert status.mean_ms > 0


def test_predictions_go_on_while_other_weights_load(
    live: PredictorThread, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_until_predicted(live, seen)
    may_load = threading.Event()

    class Slow(Predictor):
        def __init__(self, folder: Path, threads: int | None = None) -> None:
            assert may_load.wait(30)
            super().__init__(folder, threads)

    monkeypatch.setattr(predicting, "Predictor", Slow)
    live.use(write_weights(tmp_path / "second"))
    offer_until_predicted(live, seen, 3)
    assert (live.status().weights, live.status().loading) == ("first", True)
    may_load.set()
    wait_until(lambda: not live.status().loading, "the other weights are ready")
    offer_until_predicted(live, seen)
    assert live.status().weights == "second"


def test_weights_that_are_no_good_leave_those_in_use(live: PredictorThread, seen: Seen, tmp_path: Path) -> None:
    offer_until_predicted(live, seen)
    torn = write_weights(tmp_path / "torn")
    (torn / "pair.bin").write_bytes(b"\x80\x04N.")
    live.use(torn)
    wait_until(lambda: live.status().error != "", "an error")
    assert "damaged" in live.status().error
    offer_until_predicted(live, seen)
    assert (live.status().weights, live.status().loading) == ("first", False)
    live.use(write_weights(tmp_path / "second"))
    wait_until(lambda: not live.status().loading, "the other weights are ready")
    offer_until_predicted(live, seen)
    assert (live.status().weights, live.status().error) == ("second", "")


def test_nothing_is_predicted_while_it_must_wait(live: PredictorThread, seen: Seen) -> None:
    offer_until_predicted(live, seen)
    seen.must_wait = True
    before = len(seen.predictions)
    for number in range(5):  # a frame is taken only when the one before it has been dealt with
        live.offer(make_frame(number, (72, 96), (24, 32)))
        wait_until(lambda: live._frames._item is None, "the frame is taken")
    assert len(seen.predictions) <= before + 1, "one may have been under way"
    seen.must_wait = False
    offer_until_predicted(live, seen)


def test_a_damaged_picture_is_passed_over(live: PredictorThread, seen: Seen) -> None:
    offer_until_predicted(live, seen)
    torn = encode(make_frame(500), None).jpeg[:300]
    live.offer(replace(make_frame(500), image=Jpeg(torn, (72, 96))))
    wait_until(lambda: live._frames._item is None, "the frame is taken")
    offer_until_predicted(live, seen)
    assert all(frame.index != 500 for _, frame in seen.predictions)
    assert live.status().error == ""


def test_an_inference_that_fails_is_said_and_others_can_follow(
    live: PredictorThread, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_until_predicted(live, seen)

    def fails(self: Predictor, frame: Frame) -> Prediction:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as broken:
        broken.setattr(Predictor, "of_frame", fails)
        live.offer(make_frame(1, (72, 96), (24, 32)))
        wait_until(lambda: live.status().error == "prediction stopped: out of memory", "what failed")
    assert live.status().weights == ""
    use_and_predict(live, seen, tmp_path / "first")
    assert np.isfinite(seen.predictions[-1][0].depth_m).all()


@pytest.mark.parametrize("error", [ImportError("no openvino"), KeyError("files"), MemoryError(), OSError("gone")])
def test_a_load_that_fails_in_any_way_is_shown_and_the_next_one_works(
    live: PredictorThread,
    seen: Seen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    offer_until_predicted(live, seen)

    def fails(folder: Path, threads: int) -> Predictor:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(predicting, "Predictor", fails)
        live.use(tmp_path / "broken")
        wait_until(lambda: not live.status().loading, "the end of loading")
    shown = live.status().error
    assert shown.startswith("the weights broken cannot be loaded: ")
    assert str(error) in shown or type(error).__name__ in shown
    assert [record.name for record in caplog.records if record.levelname == "ERROR"] == ["lidarlive.predictor"]
    offer_until_predicted(live, seen)
    assert live.status().weights == "first", "the weights in use stay"
    live.use(write_weights(tmp_path / "second"))
    wait_until(lambda: not live.status().loading, "the other weights are ready")
    offer_until_predicted(live, seen)
    assert (live.status().weights, live.status().error) == ("second", "")


@pytest.mark.parametrize("error", [ValueError("shapes (1,) and (2,) differ"), KeyError("rgb"), MemoryError()])
def test_any_failure_of_inference_is_shown_and_logged(
    live: PredictorThread,
    seen: Seen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    offer_until_predicted(live, seen)

    def fails(self: Predictor, rgb: np.ndarray, intrinsics: object = None, frame_index: int = 0) -> Prediction:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(Predictor, "__call__", fails)
        live.offer(make_frame(1, (72, 96), (24, 32)))
        wait_until(lambda: live.status().error != "", "what failed")
    assert live.status().error.startswith("prediction stopped: ")
    assert str(error) in live.status().error
    wait_until(lambda: "ERROR" in [record.levelname for record in caplog.records], "its line in the log")
    assert [record.name for record in caplog.records if record.levelname == "ERROR"] == ["lidarlive.predictor"]
    use_and_predict(live, seen, tmp_path / "first")


def test_a_failure_of_what_receives_predictions_does_not_end_the_thread(
    live: PredictorThread, seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_until_predicted(live, seen)

    def fails(prediction: Prediction, frame: Frame) -> None:
        raise IndexError("list index out of range")

    with monkeypatch.context() as broken:
        broken.setattr(live, "_on_prediction", fails)
        live.offer(make_frame(1, (72, 96), (24, 32)))
        wait_until(lambda: live.status().error == "prediction stopped: list index out of range", "what failed")
    use_and_predict(live, seen, tmp_path / "first")


def test_pictures_none_of_which_can_be_decoded_are_a_problem_until_one_can(live: PredictorThread, seen: Seen) -> None:
    offer_until_predicted(live, seen)
    torn = encode(make_frame(500), None).jpeg[:300]
    for number in range(predicting.UNDECODABLE_FRAMES):
        assert live.status().error == ""
        live.offer(replace(make_frame(500 + number), image=Jpeg(torn, (72, 96))))
        wait_until(lambda: live._frames._item is None, "the frame is taken")
    wait_until(lambda: "No picture can be decoded" in live.status().error, "the problem")
    assert live.status().weights == "first"
    offer_until_predicted(live, seen)
    wait_until(lambda: live.status().error == "", "the end of the problem")
