"""All levels in one report."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.smoke.conftest import DTYPES, MakeRelease
from tests.unit.smoke.releases import FINAL_NORM, KEY, codes, level, manifest_of, seal, swap
from weights_vault.smoke.errors import DeviceUnavailable, MemoryInsufficient, TorchMissing
from weights_vault.smoke.listing import WITH_REFERENCE, unsigned_listing
from weights_vault.smoke.report import MAX_PROBLEMS, LevelResult, Problem, Report, judged, skipped
from weights_vault.smoke.run import LEVELS, run
from weights_vault.smoke.source import FolderSource


def verdicts(report: Report) -> list[str]:
    return [each.verdict for each in report.levels]


@pytest.mark.parametrize("dtype", DTYPES)
def test_untouched_sealed_release_passes(release: MakeRelease, tmp_path: Path, dtype: str) -> None:
    sealed = seal(release(dtype), tmp_path / "store")
    report = run(sealed.source(), device="cpu", manifest_sha256="ab" * 32)
    assert (report.verdict, verdicts(report)) == ("passed", ["passed"] * 3)
    assert (report.release, report.revision, report.manifest_sha256) == ("tiny-opt", "v1", "ab" * 32)
    assert report.device == "cpu"


@pytest.mark.parametrize("upto", LEVELS)
def test_only_the_levels_up_to_the_wanted_one_run(release: MakeRelease, upto: str) -> None:
    folder = release()
    report = run(FolderSource(folder, manifest_of(folder)), device="cpu", level=upto)
    assert [each.level for each in report.levels] == list(LEVELS[: LEVELS.index(upto) + 1])
    assert report.verdict == "passed"


def test_missing_file_fails_structure_and_skips_the_rest(release: MakeRelease) -> None:
    """W1, and the done-when of the main job: a missing file."""
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    (folder / "model-00003-of-00003.safetensors").unlink()
    report = run(source, device="cpu")
    assert verdicts(report) == ["failed", "skipped", "skipped"]
    assert report.verdict == "failed"


def test_missing_card_fails_and_the_weights_are_still_tested(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    (folder / "MODEL_CARD.md").unlink()
    report = run(source, device="cpu")
    assert verdicts(report) == ["failed", "passed", "passed"]
    assert report.verdict == "failed"


def test_swapped_layers_fail_tensors_and_still_show_what_they_change(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    swap(folder, KEY.format(0), KEY.format(3))
    report = run(source, device="cpu")
    assert verdicts(report) == ["passed", "failed", "failed"]
    assert codes(level(report, "tensors")) == {"tensor-damaged"}
    assert "logits-differ" in codes(level(report, "logits"))


def test_tensor_that_cannot_be_read_skips_the_logits(release: MakeRelease, tmp_path: Path) -> None:
    sealed = seal(release(), tmp_path / "store")
    file = next(file for file in sealed.manifest.files if FINAL_NORM in {each.name for each in file.tensors})

    class Failing:
        """The disk gives up on the last bytes of one shard."""

        manifest = sealed.manifest
        whole = sealed.source()
        size = whole.size

        def read(self, asked: object, start: int, out: memoryview) -> None:
            if asked is file and start + len(out) == file.size:
                from weights_vault.smoke.errors import FileDamaged

                raise FileDamaged("reading failed: Input/output error")
            self.whole.read(asked, start, out)  # type: ignore[arg-type]

    report = run(Failing(), device="cpu")
    assert verdicts(report) == ["passed", "failed", "skipped"]
    assert codes(level(report, "tensors")) == {"file-damaged"}


def test_folder_before_sealing_is_held_against_its_own_reference(release: MakeRelease) -> None:
    """W2: what the publisher's own gate sees."""
    folder = release()
    swap(folder, KEY.format(0), KEY.format(3))
    source = FolderSource(folder, unsigned_listing(folder, WITH_REFERENCE))
    report = run(source, device="cpu", signed=False)
    assert verdicts(report) == ["passed", "passed", "failed"]
    assert level(report, "tensors").figures["digests_compared"] is False


def test_unsigned_listing_passes_no_test_that_compares_digests(release: MakeRelease) -> None:
    folder = release()
    source = FolderSource(folder, unsigned_listing(folder, WITH_REFERENCE))
    assert verdicts(run(source, device="cpu")) == ["passed", "failed", "passed"]


def test_report_is_json(release: MakeRelease) -> None:
    folder = release()
    document = run(FolderSource(folder, manifest_of(folder)), device="auto").to_json()
    told = json.loads(json.dumps(document, allow_nan=False))
    assert (told["version"], told["verdict"]) == (1, "passed")
    assert set(told["versions"]) == {"torch", "transformers"}
    assert [each["level"] for each in told["levels"]] == list(LEVELS)
    assert told["levels"][2]["figures"]["relative_rms"] < told["levels"][2]["figures"]["tolerance"]
    assert datetime.fromisoformat(told["started_at"]).tzinfo is not None


def report_of(*levels: LevelResult) -> Report:
    now = datetime(2026, 11, 20, 23, 41, tzinfo=UTC)
    return Report("opt", "v1", None, "cpu", {}, levels, now, now)


def test_skipped_level_is_not_passed() -> None:
    assert report_of(judged("structure", {}, []), skipped("tensors", "…")).verdict == "failed"
    assert report_of().verdict == "failed"
    assert report_of(judged("structure", {}, [])).verdict == "passed"


def test_problems_are_counted_and_the_first_are_named() -> None:
    result = judged("tensors", {}, [Problem("tensor-damaged", str(n), "") for n in range(1_000)])
    assert (len(result.problems), result.figures["problems"]) == (MAX_PROBLEMS, 1_000)


def test_numbers_that_json_cannot_hold_are_null() -> None:
    result = judged("logits", {"a": float("nan"), "b": [float("inf"), 1.5], "c": {"d": float("-inf")}}, [])
    told = report_of(result).to_json()
    assert told["levels"] == [
        {
            "level": "logits",
            "verdict": "passed",
            "figures": {"a": None, "b": [None, 1.5], "c": {"d": None}},
            "problems": [],
        }
    ]
    assert told["started_at"] == "2026-11-20T23:41:00.000Z"


@pytest.mark.parametrize("device", ["cuda:99", "toaster", "meta", ""])
def test_device_that_is_not_there_is_no_verdict(release: MakeRelease, device: str) -> None:
    folder = release()
    with pytest.raises(DeviceUnavailable):
        run(FolderSource(folder, manifest_of(folder)), device=device)


def test_weights_larger_than_the_machine_are_no_verdict(
    release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PHYS_PAGES": 16, "SC_PAGE_SIZE": 4096}[name])
    with pytest.raises(MemoryInsufficient, match="one tensor only"):
        run(source, device="cpu")
    assert run(source, level="tensors").verdict == "passed"


def test_unknown_level_is_a_mistake_of_the_caller(release: MakeRelease) -> None:
    folder = release()
    with pytest.raises(ValueError, match="structure, tensors, logits"):
        run(FolderSource(folder, manifest_of(folder)), level="vibes")


def test_machine_without_torch_is_told_what_to_install(
    release: MakeRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = release()
    source = FolderSource(folder, manifest_of(folder))
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(TorchMissing, match=r"from a checkout .*: pip install '\.\[smoke\]'"):
        run(source)
