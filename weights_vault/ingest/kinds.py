"""Which paths a release may hold. An allow-list: scanners of dangerous formats have all been bypassed."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

REFERENCE_PATHS = ("smoke/reference.safetensors", "smoke/reference.json")

MAX_WEIGHTS_BYTES = 64 * 2**30
MAX_TOKENIZER_BYTES = 64 * 2**20
MAX_INDEX_BYTES = 32 * 2**20
MAX_TEXT_BYTES = 4 * 2**20

_CONFIG_NAMES = {"config.json", "generation_config.json"}
_TOKENIZER_NAMES = {
    "added_tokens.json",
    "merges.txt",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
}
_DOCUMENTS = {
    "MODEL_CARD.md": "model_card",
    "README.md": "model_card",
    "DATA_CARD.md": "data_card",
    "LOGBOOK.md": "logbook",
}
_LICENSE_PATTERNS = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENSE-*.md", "LICENSE-*.txt")

# Suffixes with a reason of their own; every other one is refused as unknown.
_PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".mar", ".dill"}
_ARCHIVES = {".zip", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".rar", ".whl", ".egg", ".jar"}
_CODE = {".py", ".pyc", ".ipynb", ".sh", ".so", ".dll", ".dylib", ".exe", ".js", ".pl", ".rb", ".bat", ".ps1"}


def kind_of(path: str) -> str | None:
    """The kind of file that this relative path is (a word of FILE_KINDS), or None: not taken."""
    name = PurePosixPath(path).name
    if path in REFERENCE_PATHS:
        return "reference"
    if path.startswith("smoke/"):
        return None
    if name.endswith(".safetensors"):
        return "weights"
    if name in _CONFIG_NAMES or name.endswith(".safetensors.index.json"):
        return "config"
    if name in _TOKENIZER_NAMES:
        return "tokenizer"
    if any(fnmatchcase(name, pattern) for pattern in _LICENSE_PATTERNS):
        return "license"
    return _DOCUMENTS.get(name)


def why_not(path: str) -> str:
    """The reason why a path without a kind is refused."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _PICKLES:
        return f"{suffix} files can hold pickles, which run code when they are loaded; convert to safetensors"
    if suffix in _ARCHIVES:
        return f"{suffix} is an archive; what it holds cannot be checked"
    if suffix in _CODE:
        return f"{suffix} is code; code is not published, and never run from a release"
    return "this kind of file is not on the list of what a release may hold"


def max_bytes(path: str, kind: str) -> int:
    """The largest size of a file of this kind."""
    if path.endswith(".safetensors"):
        return MAX_WEIGHTS_BYTES
    if path.endswith(".index.json"):
        return MAX_INDEX_BYTES
    return MAX_TOKENIZER_BYTES if kind == "tokenizer" else MAX_TEXT_BYTES
