"""The model of the demonstration: small, and real."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from portal.demo.small_opt import make_opt
from tests.unit.smoke.releases import TINY
from weights_vault.ingest.kinds import kind_of


def test_same_seed_gives_the_same_bytes_and_another_gives_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_opt(tmp_path / name, seed=seed, **TINY)
    one, same, other = ((tmp_path / name / "model-00001-of-00003.safetensors").read_bytes() for name in "abc")
    assert one == same
    assert one != other


def test_every_file_is_of_a_kind_that_is_published(tmp_path: Path) -> None:
    make_opt(tmp_path, **TINY)
    kinds = {path.name: kind_of(path.name) for path in tmp_path.iterdir()}
    assert None not in kinds.values()
    assert {"weights", "config", "tokenizer", "model_card", "data_card", "logbook", "license"} == set(
        kinds.values()
    )


def test_number_of_parameters_is_what_the_index_holds(tmp_path: Path) -> None:
    parameters = make_opt(tmp_path, dtype="float16", **TINY)
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == 2 * parameters
    assert len(set(index["weight_map"].values())) == 3


def test_cards_are_filled_in(tmp_path: Path) -> None:
    parameters = make_opt(tmp_path, **TINY)
    card = (tmp_path / "MODEL_CARD.md").read_text()
    assert f"{parameters:,} parameters" in card
    assert "$" not in "".join(path.read_text() for path in tmp_path.glob("*.md"))


def test_tokenizer_takes_any_text_back_and_forth(tmp_path: Path) -> None:
    make_opt(tmp_path, **TINY)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = "the naïve cat sat on the mat — 猫\n"
    encoded = tokenizer.encode(text)
    assert tokenizer.decode(encoded.ids) == text
    assert max(encoded.ids) < TINY["vocab"]
    assert len(encoded.ids) < len(text.encode())


@pytest.mark.parametrize("wrong", [{"vocab": 259}, {"heads": 5}, {"dtype": "float8"}])
def test_sizes_that_do_not_fit_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="vocab is at least 260"):
        make_opt(tmp_path, **{**TINY, **wrong})
    assert list(tmp_path.iterdir()) == []
