"""The software versions that a log names: name in lower case → version."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from mcp_rag.logs.scanning import Announcer, announced

_NUMBER = r"v?(\d+(?:\.\d+)+[\w.+-]*|\d+(?:\.\d+)*)"
_DOTTED = r"v?(\d+(?:\.\d+)+(?:[\w.+-]*\w)?)"


class HasTexts(Protocol):
    """Any log whose lines are read already; ``texts[0]`` is line 1."""

    @property
    def texts(self) -> Sequence[str]: ...


_INSTALLED = re.compile(r"^\s*Successfully installed (.+)")
_INSTALLED_ONE = re.compile(r"([A-Za-z0-9][\w.]*(?:-[A-Za-z_][\w.]*)*)-(\d[\w.!+]*)")
_SATISFIED = re.compile(r"Requirement already (?:satisfied|up-to-date): ([A-Za-z0-9][\w.-]*).*\((\d[\w.!+]*)\)\s*$")
_PINNED = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]*)(?:\[[\w,]+\])?==(\d[\w.!+]*)")
_NPM = re.compile(r"(?<![\w@/.-])(@?[a-z][\w.-]*(?:/[a-z][\w.-]*)?)@(\d+\.\d+\.\d+(?:-[\w.]+)?)(?![\w.])")
_CARGO = re.compile(r"^\s*(?:Compiling|Checking|Downloaded|Adding) ([a-z][\w-]*) v(\d+\.\d+\.\d+[\w.+-]*)")
_COLLECTED = re.compile(r"(?:Downloading|Using cached) ([A-Za-z]\w*)-(\d+(?:\.\d+)+\w*)[-.](?:py|cp|tar|zip)")
_LISTED = re.compile(r"^\s*[-+~] ([A-Za-z][\w.-]*)==(\d[\w.!+]*)\s*$")

_NAMED: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (name, tuple(words.split("|")), re.compile(pattern))
    for name, words, pattern in (
        (
            "python",
            "python",
            rf"(?:^|[\s(\[])(?:C?Python|python)[ /:]+(?:version:? ?)?{_DOTTED}|platform \w+ -- Python {_DOTTED}",
        ),
        ("python", "/python", r"[/\\][Pp]ython-?(\d\.\d+(?:\.\d+)?)[/\\]"),
        ("pytest", "pytest-", r"\bpytest-(\d+\.\d+[\w.]*)"),
        ("vllm", "vllm", rf"vLLM (?:API server )?version {_DOTTED}|vLLM engine \({_DOTTED}\)"),
        ("node", "node", r"\b[Nn]ode(?:\.js|js)?(?: version:?)?[ :=/@]+v?(\d+(?:\.\d+)*)\b"),
        ("npm", "npm", rf"\bnpm(?: version:?| ERR! npm| notice)?[ :=/@]+{_DOTTED}"),
        (
            "gcc",
            "gcc",
            r"\bgcc(?:\.exe)?(?:-\d+)? \([^)]*\) (\d+(?:\.\d+)*)|\bgcc version (\d+(?:\.\d+)*)|\bGNU (\d+\.\d+\.\d+)",
        ),
        ("g++", "g++", r"\bg\+\+(?:-\d+)? \([^)]*\) (\d+(?:\.\d+)*)"),
        ("clang", "clang", r"\bclang version (\d+(?:\.\d+)*)|\bClang (\d+\.\d+\.\d+)"),
        ("cmake", "cmake", r"\bcmake version (\d+(?:\.\d+)*)"),
        (
            "cuda",
            "cuda",
            r"\bCUDA(?: runtime| toolkit)?(?: [Vv]ersion)?(?: used to build PyTorch)?[ :=]+v?(\d+\.\d+(?:\.\d+)?)",
        ),
        ("cuda", "cuda", r"\bcuda-(\d+\.\d+)\b|\bcuda_(\d+\.\d+)\."),
        ("nvidia-driver", "driver version", r"\bDriver Version: (\d+(?:\.\d+)+)"),
        ("cudnn", "cudnn", rf"\bcuDNN(?: [Vv]ersion)?[ :=]+{_DOTTED}"),
        ("nccl", "nccl", rf"\bNCCL(?: [Vv]ersion)?[ :=]+{_DOTTED}"),
        ("rustc", "rustc", rf"\brustc {_DOTTED}"),
        ("cargo", "cargo", rf"\bcargo {_DOTTED}"),
        ("go", "go", r"\bgo(?: version go|version: go|)(\d\.\d+(?:\.\d+)?)\b"),
        ("java", "openjdk|java", r"\b(?:openjdk|java)(?: version)? \"?(\d+(?:\.\d+)*(?:_\d+)?)\"?"),
        ("ruby", "ruby", r"\bruby[ -](\d+\.\d+\.\d+)(?:p\d+)?"),
        ("php", "php", r"\bPHP (\d+\.\d+\.\d+)"),
        ("perl", "perl", r"\bperl 5, version (\d+)|\(v(5\.\d+\.\d+)\) built for|\bperl[ -](5\.\d+(?:\.\d+)?)"),
        ("dotnet", "dotnet|.net", r"\b\.NET (?:Core )?SDK(?: version)?:? (\d+\.\d+\.\d+)|\.dotnet/sdk/(\d+\.\d+\.\d+)"),
        ("gradle", "gradle", rf"\bGradle {_DOTTED}"),
        ("maven", "maven", rf"\bApache Maven {_DOTTED}"),
        ("docker", "docker", rf"\bDocker version {_DOTTED}"),
        ("kubernetes", "kubernetes|server version", r"\bServer Version: v?(\d+\.\d+\.\d+)"),
        ("postgresql", "postgresql", r"\bPostgreSQL (\d+\.\d+(?:\.\d+)?)"),
        ("mysql", "mysql", r"\b(?:mysqld|MySQL)(?: \(mysqld)? (\d+\.\d+\.\d+)"),
        ("elixir", "elixir", r"\bElixir (\d+\.\d+\.\d+)"),
        ("ubuntu", "ubuntu", r"\bUbuntu (\d\d\.\d\d(?:\.\d+)?)"),
        ("debian", "debian", r"\bDebian GNU/Linux (\d+)"),
    )
)
"""Name, the lower-case words of which a line must hold one, and a pattern whose one filled group is the version."""

_LIBRARIES = (
    "torch|pytorch|torchvision|torchaudio|transformers|tokenizers|datasets|accelerate|peft|trl|deepspeed|vllm|numpy|scipy|pandas|"
    "scikit-learn|sklearn|tensorflow|keras|jax|jaxlib|flash-attn|flash_attn|xformers|triton|bitsandbytes|"
    "sentence-transformers|huggingface_hub|huggingface-hub|safetensors|pydantic|ray|pymilvus|milvus|onnxruntime|"
    "setuptools|pip|uv|poetry|django|flask|fastapi|react|typescript|webpack|jest|yarn|pnpm|bazel|ninja|meson"
)
_LIBRARY = re.compile(
    rf"(?<![\w./-])({_LIBRARIES})(?: version)?(?:\s*[:=]\s*|\s+|/)(?:version:? ?)?{_DOTTED}(?![\w/])", re.IGNORECASE
)
_TOLD_OF = re.compile(
    r"\b(?:in|since|from|until|before|after|than|requires?|needs?|needed|to|with|for|using|against|supports?)\s+[`'\"(]?$",
    re.IGNORECASE,
)
_AND_LATER = re.compile(
    r"\s*(?:onwards|or (?:newer|later|above|higher|older|below)|and (?:newer|later|above)|\+)", re.IGNORECASE
)


def _is_told_of(found: re.Match[str]) -> bool:
    """Whether a message only tells of a version (*deprecated in NumPy 1.20*): that is not the one that ran."""
    return bool(_TOLD_OF.search(found.string, 0, found.start()) or _AND_LATER.match(found.string, found.end()))


_COMMAND = re.compile(r"[`'\"](?:\S+ -m )?(?:uv )?pip3? install [^`'\"]*[`'\"]?$")


def _is_advised(pin: re.Match[str]) -> bool:
    """Whether a pin stands in a command that a message quotes (*pin to the old version, e.g. `pip install openai==0.28`*):
    that version is what one might install."""
    return bool(_COMMAND.search(pin.string, 0, pin.start()))


_SAME_AS = {"pytorch": "torch", "sklearn": "scikit-learn"}

_DIGITS = re.compile(r"\d[.\d]|-\d|\b\d+\b")
_CARGO_WORDS = ("compiling ", "checking ", "downloaded ", "adding ")
_LIBRARY_READER, _NPM_READER, _CARGO_READER, _PIP_READER = (len(_NAMED) + i for i in range(4))
LONGEST_READ = 20_000
"""Characters of a line that are read for versions; pip's list of what it installed is rarely longer."""

_PIPED = ("successfully installed", "requirement already", "==", "downloading ", "using cached ")


def normalise(name: str) -> str:
    """A package's name as package indexes compare it: lower case, ``_`` and ``.`` as ``-``."""
    plain = name.lower() if name.startswith("@") else re.sub(r"[-_.]+", "-", name.lower())
    return _SAME_AS.get(plain, plain)


def seen_versions(log: HasTexts) -> dict[str, str]:
    """The versions named anywhere in ``log``: name in lower case → version. The last mention wins.

    What pip and its like say that they installed outweighs every other mention.
    """
    seen: dict[str, str] = {}
    installed: dict[str, str] = {}
    for line, numbers in announced(log.texts, _announcer()):
        text = log.texts[line][:LONGEST_READ]
        if _DIGITS.search(text):
            _read_line(text, sorted(numbers), seen, installed)
    return {**seen, **installed}


@cache
def _announcer() -> Announcer:
    return Announcer(_words(), LONGEST_READ)


def _words() -> dict[bytes, frozenset[int]]:
    """Each word to look for → the numbers of the names in ``_NAMED``, then of the readers of packages."""
    words: dict[bytes, set[int]] = defaultdict(set)
    for number, (_, announcing, _) in enumerate(_NAMED):
        for word in announcing:
            words[word.encode()].add(number)
    libraries = tuple(_LIBRARIES.lower().split("|"))
    packaged = (
        (libraries, _LIBRARY_READER),
        (_PIPED, _PIP_READER),
        (("@",), _NPM_READER),
        (_CARGO_WORDS, _CARGO_READER),
    )
    for announcing, reader in packaged:
        for word in announcing:
            words[word.encode()].add(reader)
    return {word: frozenset(numbers) for word, numbers in words.items()}


def _read_line(text: str, numbers: Sequence[int], seen: dict[str, str], installed: dict[str, str]) -> None:
    for number in numbers:
        if number < len(_NAMED):
            name, _, pattern = _NAMED[number]
            if found := pattern.search(text):
                seen[name] = next(group for group in found.groups() if group)
        elif number == _LIBRARY_READER:
            seen.update((normalise(found[1]), found[2]) for found in _LIBRARY.finditer(text) if not _is_told_of(found))
        elif number == _NPM_READER:
            seen.update((normalise(name), version) for name, version in _NPM.findall(text))
        elif number == _CARGO_READER and (found := _CARGO.match(text)):
            seen[normalise(found[1])] = found[2]
        elif number == _PIP_READER:
            _read_pip(text, seen, installed)


def _read_pip(text: str, seen: dict[str, str], installed: dict[str, str]) -> None:
    if found := _INSTALLED.match(text):
        installed.update((normalise(name), version) for name, version in _INSTALLED_ONE.findall(found[1]))
    elif found := _SATISFIED.search(text):
        seen[normalise(found[1])] = found[2]
    elif found := _LISTED.match(text):
        installed[normalise(found[1])] = found[2]
    else:
        seen.update((normalise(pin[1]), pin[2]) for pin in _PINNED.finditer(text) if not _is_advised(pin))
        if found := _COLLECTED.search(text):
            seen[normalise(found[1])] = found[2]
