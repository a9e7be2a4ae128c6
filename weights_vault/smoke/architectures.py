"""Which architectures are run, and what each expects of a checkpoint: the allow-list.

The publisher is not trusted with code: a config names an architecture of this list or nothing runs. It is
never given to `from_pretrained`, and only the keys that its architecture defines are read from it.
"""

import dataclasses
import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weights_vault.smoke.errors import (
    ArchitectureRefused,
    ConfigMalformed,
    ConfigRefused,
    RemoteCodeRefused,
    TorchMissing,
)

if TYPE_CHECKING:
    from torch import nn

# Architecture → folder of its module in transformers, and its config class. A name comes here with a test
# that its modules reach their weights only through their own `forward` (what forward.py relies on).
ALLOWED: Mapping[str, tuple[str, str]] = {
    "OPTForCausalLM": ("opt", "OPTConfig"),
    "GPT2LMHeadModel": ("gpt2", "GPT2Config"),
    "GPTNeoXForCausalLM": ("gpt_neox", "GPTNeoXConfig"),
    "LlamaForCausalLM": ("llama", "LlamaConfig"),
    "MistralForCausalLM": ("mistral", "MistralConfig"),
    "Qwen2ForCausalLM": ("qwen2", "Qwen2Config"),
}
# Keys by which a config asks for code of its own or of another place.
REMOTE_CODE_KEYS = ("auto_map", "trust_remote_code", "custom_pipelines", "custom_generate")
# Keys of older rotary configs that the config classes still translate.
ROTARY_KEYS = frozenset(
    {"rope_theta", "rope_scaling", "rotary_pct", "rotary_emb_base", "partial_rotary_factor"}
)
MAX_LAYERS = 1_024
MAX_REASON_CHARACTERS = 300
INSTALL = "from a checkout of the Weights Portal repository: pip install '.[smoke]'"
MAX_DIMENSION = 1 << 24  # of any other integer in a config: 64 times the largest vocabulary in use


@dataclass(frozen=True)
class Blueprint:
    """An architecture on torch's meta device: all shapes, no memory.

    expected: shape of every tensor that the model keeps, by the model's own name.
    tied: names that share another's tensor; a checkpoint may leave them out.
    ignored: patterns of names that old checkpoints carry and the architecture does not use.
    prefix: what the names of the bare model lack, for instance "transformer." in GPT-2's first checkpoints.
    positions: the longest sequence.
    """

    architecture: str
    model: "nn.Module"
    expected: Mapping[str, tuple[int, ...]]
    tied: Mapping[str, str]
    ignored: tuple[re.Pattern[str], ...]
    prefix: str
    positions: int
    vocab: int

    def own_name(self, stored: str) -> str:
        """The model's name for the tensor that the checkpoint calls `stored`."""
        prefixed = self.prefix + stored
        return prefixed if stored not in self.expected and prefixed in self.expected else stored

    def ignores(self, stored: str) -> bool:
        """Whether `stored` is a name that old checkpoints carry and the architecture does not use."""
        return any(pattern.search(stored) for pattern in self.ignored)


def check_config(config: Mapping[str, object]) -> str:
    """The architecture that a config names, when this code runs it. Imports no torch.

    Raises: RemoteCodeRefused, ArchitectureRefused, ConfigRefused (quantized, numbers out of bounds),
    ConfigMalformed.
    """
    for key in REMOTE_CODE_KEYS:
        if config.get(key):
            raise RemoteCodeRefused(f"the config asks for code of its own: {key}")
    if config.get("quantization_config"):
        raise ConfigRefused("the config is of a quantized checkpoint; publish the weights it was made from")
    names = config.get("architectures")
    if not isinstance(names, list) or len(names) != 1 or not isinstance(names[0], str):
        raise ConfigMalformed("the config does not name one architecture")
    if names[0] not in ALLOWED:
        raise ArchitectureRefused(f"{names[0][:80]!r} is not one of {', '.join(ALLOWED)}")
    for key, value in config.items():
        limit = MAX_LAYERS if key in ("num_hidden_layers", "n_layer") else MAX_DIMENSION
        if isinstance(value, int) and not -limit <= value <= limit:
            raise ConfigRefused(f"{key} is out of bounds")
    return names[0]


def build(config: Mapping[str, object]) -> Blueprint:
    """Build the architecture that a checked config describes on the meta device.

    config: as parsed from config.json.
    Raises: what check_config raises; ConfigRefused when the architecture does not take these values;
    TorchMissing.
    """
    architecture = check_config(config)
    folder, config_name = ALLOWED[architecture]
    torch = import_torch()
    package = f"transformers.models.{folder}"
    config_class = getattr(importlib.import_module(f"{package}.configuration_{folder}"), config_name)
    model_class = getattr(importlib.import_module(f"{package}.modeling_{folder}"), architecture)
    try:
        settings = config_class(**_read_keys(config, config_class))
        # The plain implementation: the same arithmetic on every device, and never a kernel from elsewhere.
        settings._attn_implementation = "eager"
        with torch.device("meta"):
            model = model_class(settings)
        model.eval()
    except Exception as error:  # whatever transformers' arithmetic on a bent config happens to raise
        reason = " ".join(str(error).split())[:MAX_REASON_CHARACTERS]
        raise ConfigRefused(f"{architecture} does not take this config: {reason}") from error
    return _blueprint(architecture, model, settings)


def import_torch() -> Any:
    """The torch module, with transformers told to stay off the network before anything imports it.

    Raises: TorchMissing.
    """
    os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"})
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise TorchMissing(f"{error.name} is not installed; {INSTALL}") from error
    return torch


def _read_keys(config: Mapping[str, object], config_class: Any) -> dict[str, object]:
    """The keys that this architecture itself defines; not those every config has (dtype, attention …)."""
    from transformers import PreTrainedConfig

    own = {each.name for each in dataclasses.fields(config_class)}
    own -= {each.name for each in dataclasses.fields(PreTrainedConfig)}
    own |= set(config_class.attribute_map)
    if "rope_parameters" in own:
        own |= ROTARY_KEYS
    return {key: value for key, value in config.items() if key in own}


def _blueprint(architecture: str, model: Any, settings: Any) -> Blueprint:
    return Blueprint(
        architecture=architecture,
        model=model,
        expected={name: tuple(tensor.shape) for name, tensor in model.state_dict(keep_vars=True).items()},
        tied=dict(model.all_tied_weights_keys),
        ignored=tuple(re.compile(each) for each in sorted(model._keys_to_ignore_on_load_unexpected)),
        prefix=f"{model.base_model_prefix}.",
        positions=int(settings.max_position_embeddings),
        vocab=int(settings.vocab_size),
    )
