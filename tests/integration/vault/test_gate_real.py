"""The gate with the real smoke worker: sound weights pass, damaged ones are not published (W2)."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from portal.demo.small_opt import make_opt
from tests.unit.smoke.releases import TINY, swap
from weights_vault.actions.publish import GateFailed
from weights_vault.gate import run_worker
from weights_vault.models import Revision

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KEY = "model.decoder.layers.{}.self_attn.k_proj.weight"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small OPT release whose reference the real worker recorded."""
    folder = tmp_path_factory.mktemp("recorded") / "release"
    make_opt(folder, **TINY)
    assert run_worker({"action": "record", "folder": str(folder)})["verdict"] == "passed"
    return folder


@pytest.fixture
def folder(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded, tmp_path / "folder"))


def test_sound_weights_are_published(publish: Callable[..., Revision]) -> None:
    revision = publish("v1", run=run_worker)
    assert revision.state == "published"
    assert revision.gate_report is not None
    assert {level["verdict"] for level in revision.gate_report["levels"]} == {"passed"}


def test_damage_before_sealing_is_caught_though_every_digest_is_right(
    publish: Callable[..., Revision], folder: Path
) -> None:
    """W2: two layers swapped after the reference was recorded."""
    swap(folder, KEY.format(0), KEY.format(2))
    with pytest.raises(GateFailed) as caught:
        publish("v1", run=run_worker)
    revision = Revision.objects.get()
    assert (revision.state, revision.gate_report is None) == ("sealing", False)
    assert caught.value.extra["report"]["verdict"] == "failed"
