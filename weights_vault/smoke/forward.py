"""Running a model in float32 from weights that stay in the dtype they are stored in.

Each module's own weights become float32 on the device for the moment it computes and are dropped after it:
memory holds the checkpoint once, plus one module. The weights of a float32 checkpoint on a CPU are used as
they lie.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from weights_vault.smoke.errors import ConfigRefused, DeviceUnavailable, MemoryInsufficient

if TYPE_CHECKING:
    import numpy
    import torch
    from torch import nn


def choose_device(name: str) -> "torch.device":
    """The device that `name` means: "auto" is CUDA where there is one and the CPU elsewhere; else torch's own
    names.

    Raises: DeviceUnavailable.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DeviceUnavailable(f"this machine has no device {name!r}") from error
    if device.type == "meta":
        raise DeviceUnavailable("the meta device computes nothing")
    return device


def install(model: "nn.Module", weights: "Mapping[str, torch.Tensor]") -> None:
    """Give the weights to a model that was built on the meta device, without copying them.

    weights: by the model's own names, of the model's shapes; tied ones may be absent.
    Raises: ConfigRefused when something of the model stays without a value.
    """
    model.load_state_dict(dict(weights), strict=False, assign=True)
    tie: Any = model.tie_weights
    tie()
    _remake_rotary(model)
    empty = [name for name, tensor in model.state_dict(keep_vars=True).items() if tensor.is_meta]
    empty += [name for name, tensor in model.named_buffers() if tensor.is_meta]
    if empty:
        raise ConfigRefused(f"the checkpoint gives no value to {empty[0]}")


def _remake_rotary(model: "nn.Module") -> None:
    """Compute again the frequencies of rotary positions: no checkpoint stores them."""
    for path, module in list(model.named_modules()):
        if any(buffer.is_meta for buffer in module.buffers(recurse=False)):
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, type(module)(config=module.config))


def compute_logits(
    model: "nn.Module", tokens: Sequence[Sequence[int]], device: "torch.device"
) -> "numpy.ndarray":
    """Run the model over fixed token ids.

    tokens: (batch, tokens) ids below the vocabulary's size.
    Returns: logits: float32 (batch, tokens, vocab).
    Raises: MemoryInsufficient; DeviceUnavailable (the device gave up); RuntimeError and the like from a
    model whose config contradicts itself.
    """
    import torch

    # TF32 keeps 10 bits of 23: its noise (about 1e-3) would hide the damage that the tolerance is to find.
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.inference_mode(), _in_float32(model, device):
            found = model(input_ids=torch.tensor(tokens, device=device), use_cache=False).logits
        return found.float().cpu().numpy()  # type: ignore[no-any-return]
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MemoryInsufficient(f"the model does not fit in the memory of {device}") from error
    except torch.AcceleratorError as error:
        raise DeviceUnavailable(f"{device} failed: {error}") from error
    except RuntimeError as error:
        # torch has no class of its own for a CPU without memory, and that says nothing about the weights.
        if "DefaultCPUAllocator" in str(error):
            raise MemoryInsufficient("the model does not fit in this machine's memory") from error
        raise


@contextmanager
def _in_float32(model: "nn.Module", device: "torch.device") -> Iterator[None]:
    import torch

    kept: dict[int, dict[str, Any]] = {}

    def widen(module: "nn.Module", _inputs: object) -> None:
        kept[id(module)] = dict(module._parameters)
        for name, weight in module._parameters.items():
            if weight is not None:
                wide = weight.to(device=device, dtype=torch.float32)
                module._parameters[name] = torch.nn.Parameter(wide, requires_grad=False)

    def restore(module: "nn.Module", _inputs: object, _output: object) -> None:
        module._parameters.update(kept.pop(id(module)))

    hooks = []
    for module in model.modules():
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = buffer.to(device)
        if module._parameters:
            hooks += [module.register_forward_pre_hook(widen), module.register_forward_hook(restore)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
