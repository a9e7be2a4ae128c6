"""The allow-list, and what each architecture on it computes."""

from typing import Any

import numpy as np
import pytest

from portal.demo.small_opt import opt_config
from weights_vault.smoke.architectures import ALLOWED, Blueprint, build, check_config
from weights_vault.smoke.errors import (
    ArchitectureRefused,
    ConfigMalformed,
    ConfigRefused,
    MemoryInsufficient,
    RemoteCodeRefused,
)
from weights_vault.smoke.forward import compute_logits, install
from weights_vault.smoke.reference import choose_tokens

WIDE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
CONFIGS: dict[str, dict[str, Any]] = {
    "OPTForCausalLM": opt_config(32, 2, 4, 264, "float16"),
    "GPT2LMHeadModel": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "GPTNeoXForCausalLM": {**WIDE, "rotary_pct": 0.25, "max_position_embeddings": 64},
    "LlamaForCausalLM": {**WIDE, "num_key_value_heads": 2, "rope_theta": 5e5, "max_position_embeddings": 64},
    "MistralForCausalLM": {**WIDE, "num_key_value_heads": 2, "sliding_window": 16},
    "Qwen2ForCausalLM": {**WIDE, "num_key_value_heads": 2, "tie_word_embeddings": True},
}


def config_of(architecture: str) -> dict[str, Any]:
    return {"architectures": [architecture], "vocab_size": 264, **CONFIGS[architecture]}


def random_weights(blueprint: Blueprint, dtype: str) -> dict[str, Any]:
    import torch

    generator = torch.Generator().manual_seed(1)
    return {
        name: (torch.randn(shape, generator=generator) * 0.1).to(getattr(torch, dtype))
        for name, shape in blueprint.expected.items()
        if name not in blueprint.tied
    }


def plain_logits(architecture: str, weights: dict[str, Any], tokens: list[list[int]]) -> np.ndarray:
    """What transformers itself computes from the same weights, all of them in float32 at once."""
    import torch
    import transformers

    model_class = getattr(transformers, architecture)
    model = model_class(model_class.config_class(**CONFIGS[architecture] | {"vocab_size": 264}))
    missing, unexpected = model.load_state_dict({n: w.float() for n, w in weights.items()}, strict=False)
    assert (set(missing) <= set(model.all_tied_weights_keys), unexpected) == (True, [])
    with torch.inference_mode():
        found: np.ndarray = model.eval()(torch.tensor(tokens), use_cache=False).logits.numpy()
    return found


def test_every_allowed_architecture_is_tested_here() -> None:
    assert set(CONFIGS) == set(ALLOWED)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("architecture", ALLOWED)
def test_widening_module_by_module_computes_what_transformers_does(architecture: str, dtype: str) -> None:
    import torch

    blueprint = build(config_of(architecture))
    weights = random_weights(blueprint, dtype)
    tokens = choose_tokens(blueprint.vocab, blueprint.positions)
    install(blueprint.model, weights)
    found = compute_logits(blueprint.model, tokens, torch.device("cpu"))
    expected = plain_logits(architecture, weights, tokens)
    assert found.shape == (2, 32, 264)
    assert np.abs(found - expected).max() <= 1e-5 * expected.std()


def test_weights_stay_in_the_dtype_they_came_in() -> None:
    import torch

    blueprint = build(config_of("OPTForCausalLM"))
    weights = random_weights(blueprint, "float16")
    install(blueprint.model, weights)
    compute_logits(blueprint.model, [[5, 6]], torch.device("cpu"))
    kept = dict(blueprint.model.named_parameters())
    assert {each.dtype for each in kept.values()} == {torch.float16}
    assert all(kept[name].data_ptr() == weight.data_ptr() for name, weight in weights.items())


def test_model_on_the_meta_device_has_no_memory() -> None:
    huge = {**config_of("OPTForCausalLM"), "hidden_size": 12_288, "num_hidden_layers": 96, "ffn_dim": 49_152}
    blueprint = build(
        {**huge, "num_attention_heads": 96, "vocab_size": 50_272, "word_embed_proj_dim": 12_288}
    )
    assert sum(each.numel() for each in blueprint.model.parameters()) > 174e9
    assert all(each.is_meta for each in blueprint.model.parameters())


def test_processor_without_memory_is_no_verdict() -> None:
    import torch

    class Greedy(torch.nn.Module):
        def forward(self, **_: object) -> torch.Tensor:
            return torch.empty(1 << 50)

    with pytest.raises(MemoryInsufficient):
        compute_logits(Greedy(), [[1]], torch.device("cpu"))


def test_model_that_contradicts_itself_is_no_lack_of_memory() -> None:
    import torch

    class Broken(torch.nn.Module):
        def forward(self, **_: object) -> torch.Tensor:
            return torch.ones(2, 3) @ torch.ones(2, 3)

    with pytest.raises(RuntimeError, match="shapes"):
        compute_logits(Broken(), [[1]], torch.device("cpu"))


def test_tensor_without_a_value_is_refused() -> None:
    blueprint = build(config_of("GPT2LMHeadModel"))
    weights = random_weights(blueprint, "float32")
    del weights["transformer.ln_f.weight"]
    with pytest.raises(ConfigRefused, match="ln_f"):
        install(blueprint.model, weights)


@pytest.mark.parametrize("key", ["auto_map", "trust_remote_code", "custom_pipelines", "custom_generate"])
def test_code_that_comes_with_the_model_is_refused(key: str) -> None:
    with pytest.raises(RemoteCodeRefused, match=key):
        check_config({**config_of("OPTForCausalLM"), key: {"AutoModelForCausalLM": "modeling_evil.Evil"}})


@pytest.mark.parametrize("names", [["EvilForCausalLM"], ["OPTModel"], ["os.system"], [""]])
def test_architecture_off_the_list_is_refused(names: list[str]) -> None:
    with pytest.raises(ArchitectureRefused):
        check_config({"architectures": names})


@pytest.mark.parametrize("names", [None, [], "OPTForCausalLM", [1], ["OPTForCausalLM", "GPT2LMHeadModel"]])
def test_config_that_names_not_one_architecture_is_malformed(names: object) -> None:
    with pytest.raises(ConfigMalformed):
        check_config({"architectures": names})


@pytest.mark.parametrize(
    "change",
    [
        {"quantization_config": {"quant_method": "gptq"}},
        {"num_hidden_layers": 10**9},
        {"vocab_size": 2**40},
        {"hidden_size": 33},
        {"hidden_size": "large"},
        {"activation_function": "os.system"},
        {"num_attention_heads": 0},
        {"vocab_size": -5},
    ],
    ids=str,
)
def test_config_that_the_architecture_does_not_take_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigRefused):
        build({**config_of("OPTForCausalLM"), **change})


def test_keys_that_choose_code_are_not_read() -> None:
    """A config can name a kernel on a hub as its attention; transformers would fetch and run it."""
    config = {
        **config_of("LlamaForCausalLM"),
        "attn_implementation": "kernels-community/flash-attn",
        "_attn_implementation": "kernels-community/flash-attn",
        "_attn_implementation_internal": "kernels-community/flash-attn",
        "dtype": "os",
        "per_layer_config": {"0": {}},
    }
    assert build(config).model.config._attn_implementation == "eager"  # type: ignore[union-attr]


def test_old_masks_in_a_checkpoint_are_ignored_by_name() -> None:
    blueprint = build(config_of("GPTNeoXForCausalLM"))
    assert blueprint.ignores("gpt_neox.layers.0.attention.bias")
    assert not blueprint.ignores("gpt_neox.layers.0.attention.dense.bias")


def test_config_file_is_never_given_to_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """from_pretrained would resolve names, formats and code by rules of its own."""
    import transformers

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("from_pretrained was called")

    monkeypatch.setattr(transformers.PreTrainedConfig, "from_pretrained", refuse)
    monkeypatch.setattr(transformers.PreTrainedModel, "from_pretrained", refuse)
    assert build(config_of("OPTForCausalLM")).architecture == "OPTForCausalLM"
