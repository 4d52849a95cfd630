"""Settings: flags over ``MCP_RAG_*`` over ``mcp-rag.toml`` over the user's own file → one frozen value.

They are read once at the edge and passed down. All faults of a configuration are reported together.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import platformdirs

from mcp_rag.errors import SettingsError

PREFIX = "MCP_RAG_"
TEST_PREFIX = "MCP_RAG_TEST_"
"""Variables of the test suite, which are no settings."""

PROJECT_FILE = "mcp-rag.toml"
SECRET = frozenset(
    {"milvus_password", "milvus_token", "chat_api_key", "chat_hard_api_key", "github_token", "gitlab_token", "token"}
)
"""Settings that are never printed."""

PERSONAL = frozenset(
    {"url", "github_url", "github_api_url", "gitlab_url", "fetch_hosts", "fetch_ports", "fetch_networks"}
)
"""Settings that say where your logs and tokens go, or what is reached from your machine: a repository's file may not."""

ELSEWHERE = MappingProxyType(
    {
        "github_token": ("GH_TOKEN", "GITHUB_TOKEN"),
        "github_url": ("GITHUB_SERVER_URL",),
        "github_api_url": ("GITHUB_API_URL",),
        "gitlab_token": ("GITLAB_TOKEN",),
        "gitlab_url": ("GITLAB_HOST", "CI_SERVER_URL"),
    }
)
"""Variables in which other programs keep the same; whatever is set for this one goes before them."""


def _default_home() -> Path:
    return Path(platformdirs.user_data_dir("mcp-rag", appauthor=False))


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. A field's name is its key in TOML and, behind ``MCP_RAG_``, its variable."""

    home: Path = field(default_factory=_default_home)
    """Folder of the ledger, the embedded index and the installed models; created when absent."""
    starter: bool = True
    """Whether the known issues that ship are in force."""
    ledger_url: str = ""
    """SQLAlchemy URL of the ledger; empty: ``ledger.db`` in the home folder."""
    milvus_uri: str = ""
    """Milvus server, for example ``https://milvus.example:19530``; empty: Milvus Lite in the home folder."""
    milvus_user: str = ""
    milvus_password: str = ""
    milvus_token: str = ""
    milvus_database: str = ""
    milvus_ca_file: str = ""
    """Certificate authority that signed the server's certificate, a PEM file."""
    collection: str = "mcp_errors"
    incidents_collection: str = "mcp_incidents"
    embedding_model: str = "all-MiniLM-L6-v2"
    """An installed model (``all-MiniLM-L6-v2``, the same with ``-int8``, ``multilingual``), or a SentenceTransformers
    model by name or path."""
    chat_base_url: str = ""
    """OpenAI-compatible server, for example ``http://localhost:8000/v1``, or ``embedded:/models/some.gguf``; empty: no
    language model."""
    chat_api_key: str = ""
    chat_model: str = ""
    chat_timeout_seconds: float = 60.0
    chat_hard_base_url: str = ""
    """Server of the model for hard cases; empty: the same one."""
    chat_hard_api_key: str = ""
    chat_hard_model: str = ""
    """Model for hard cases: nothing known matches, a low lead, several failing places; empty: the same one."""
    chat_concurrency: int = 4
    """Calls of a model at a time."""
    chat_context_tokens: int = 0
    """How long prompt and answer may be together; 0: what the server says."""
    chat_prices: str = ""
    """``MODEL=PROMPT/ANSWER, …`` for a million tokens; ``*`` stands for all others."""
    url: str = ""
    """A running `mcp-rag serve` that answers in place of the home, for example ``http://127.0.0.1:8765``."""
    token: str = ""
    """One of its tokens."""
    github_url: str = ""
    """The server that ``github_token`` is for and is sent to alone; empty: ``https://github.com``."""
    github_api_url: str = ""
    """Its API; empty: where such a server has it."""
    github_token: str = ""
    gitlab_url: str = ""
    """The server that ``gitlab_token`` is for and is sent to alone; empty: ``https://gitlab.com``."""
    gitlab_token: str = ""
    serve_tokens_file: str = ""
    """File of SHA-256 digests, hexadecimal, one a line: whose tokens `mcp-rag serve` accepts; empty: it asks for none
    and listens on loopback alone."""
    serve_rate: str = "6000/minute"
    """How often one caller of `mcp-rag serve` may ask: a number, a slash and second, minute or hour."""
    serve_proxies: str = ""
    """Addresses or networks, between commas, of reverse proxies before `mcp-rag serve`: whom they ask for, and whether by
    https, is believed of them."""
    fetch_hosts: str = ""
    """Hosts whose logs `mcp-rag serve` and `mcp-rag mcp` fetch by URL: names between commas, ``*.example.com`` for all
    below one, ``*`` for every public one; empty: none."""
    fetch_ports: str = "80,443"
    """Ports of such URLs."""
    fetch_networks: str = ""
    """Networks that such a host may have an address in although they are not public, such as ``10.1.0.0/16``."""
    redact: bool = True
    """Whether secrets in logs are masked before anything is stored or sent."""
    redact_ips: bool = False
    lines: int = 50
    """Budget of log lines that are shown and reasoned over."""
    tokens: int = 0
    """Budget of tokens for the same, estimated at four characters each; 0: none."""
    max_log_bytes: int = 20_000_000_000
    """Ceiling of a log's size once decompressed."""
    max_compression_ratio: int = 100
    run_variables: str = (
        "CC,CXX,*FLAGS,CUDA_*,NVIDIA_*,NCCL_*,LD_LIBRARY_PATH,LD_PRELOAD,PATH,PYTHON*,VIRTUAL_ENV,CONDA_PREFIX,OMP_*,"
        "MKL_*,TORCH*,PYTORCH_*,HF_*,TRANSFORMERS_*,TOKENIZERS_*,VLLM_*,NODE_*,JAVA_*,GO*,RUST*,LANG,LC_*,TZ,*_PROXY,"
        "*_proxy"
    )
    """Environment variables that `mcp-rag run` remembers, names with `*` and `?` between commas; secrets never."""
    origins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)
    """Where each setting that is not the default came from."""

    @property
    def ledger_location(self) -> str:
        return self.ledger_url or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def models_folder(self) -> Path:
        return self.home / "models"

    @property
    def runs_folder(self) -> Path:
        return self.home / "runs"


_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _convert(name: str, value: Any, example: Any) -> Any:
    """``value`` in the type of the field's default; raises ValueError with a readable reason."""
    if isinstance(example, bool):
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text in _TRUE + _FALSE:
            return text in _TRUE
        raise ValueError(f"{name} is on or off, not {value!r}")
    if isinstance(example, Path):
        if not str(value):
            raise ValueError(f"{name} is empty")
        return Path(str(value)).expanduser().absolute()
    if isinstance(example, int | float):
        number = type(example)(value) if not isinstance(value, bool) else None
        if number is None or number <= 0:
            raise ValueError(f"{name} is a number above 0, not {value!r}")
        return number
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text, not {value!r}")
    return value


def find_upward(name: str, start: Path) -> Path | None:
    """The nearest ``name`` in ``start`` or a folder above it."""
    return next((folder / name for folder in (start, *start.parents) if (folder / name).exists()), None)


def _read_toml(path: Path, faults: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        faults.append(f"{path}: {fault}")
        return {}


def load_settings(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """The settings in force in ``directory`` (by default the working directory).

    Raises:
        SettingsError: naming every unknown key and unusable value at once.
    """
    environment = os.environ if environment is None else environment
    directory = directory or Path.cwd()
    known = {f.name for f in fields(Settings)} - {"origins"}
    defaults = Settings()
    faults: list[str] = []
    layers: list[tuple[str, Mapping[str, Any]]] = [
        (variable, {name: environment[variable]})
        for name, variables in ELSEWHERE.items()
        for variable in reversed(variables)
        if environment.get(variable)
    ]
    user_file = Path(platformdirs.user_config_dir("mcp-rag", appauthor=False)) / PROJECT_FILE
    project_file = find_upward(PROJECT_FILE, directory)
    files = [path for path in (user_file, project_file) if path is not None and path.is_file()]
    layers.extend((str(path), _read_toml(path, faults)) for path in files)
    from_environment = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and not name.startswith(TEST_PREFIX)
    }
    layers.append(("environment", from_environment))
    layers.append(("flag", {name: value for name, value in (flags or {}).items() if value is not None}))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, layer in layers:
        for name, value in layer.items():
            if name not in known:
                faults.append(f"{origin}: there is no setting {name!r}")
                continue
            if name in PERSONAL and origin == str(project_file):
                faults.append(
                    f"{origin}: {name} says whom your machine talks to, and belongs into your own file, {user_file}"
                )
                continue
            try:
                values[name] = _convert(name, value, getattr(defaults, name))
                origins[name] = f"{PREFIX}{name.upper()}" if origin == "environment" else origin
            except ValueError as fault:
                faults.append(f"{origin}: {fault}")
    if faults:
        raise SettingsError("The settings cannot be used", "; ".join(faults), "`mcp-rag config --help` lists them")
    return Settings(**values, origins=MappingProxyType(origins))
