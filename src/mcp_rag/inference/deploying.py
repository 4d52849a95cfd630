"""The same launch as a service of docker compose and as a Kubernetes manifest."""

from __future__ import annotations

from typing import Any

from packaging.version import InvalidVersion, Version

from mcp_rag.inference.installation import Installed
from mcp_rag.inference.preflight import TENSOR_PARALLEL
from mcp_rag.inference.vllm import MODULE, Launch, serves_by_name, without_secrets

IMAGE = "vllm/vllm-openai"
"""vLLM's own image. What it runs by itself has changed: the module, which overlooks a model that stands without a flag,
and ``vllm serve``, which refuses ``--model``. So the command is said in full."""

SHARED_MEMORY = "8gb"
"""Tensor parallelism passes tensors through it; docker gives 64 MB. Chosen by eye."""

API_KEY = "VLLM_API_KEY"


def compose(launch: Launch, installed: Installed) -> str:
    """A compose file with one service; the API key is taken from the environment, never written down."""
    port = launch.number(8000, "--port")
    service: dict[str, Any] = {
        "image": _image(installed),
        "entrypoint": _program(installed),
        "command": [*_model(launch, installed), *without_secrets(launch.flags, f"${{{API_KEY}}}")],
        "environment": {"HF_TOKEN": "${HF_TOKEN:-}", **_inside(launch)},
        "ports": [f"127.0.0.1:{port}:{port}"],
        "volumes": _volumes(launch),
        "shm_size": SHARED_MEMORY,
        "healthcheck": {
            "test": ["CMD", "curl", "-f", f"http://localhost:{port}/health"],
            "interval": "15s",
            "start_period": "20m",
        },
        "deploy": {"resources": {"reservations": {"devices": [_devices(launch)]}}},
        "restart": "unless-stopped",
    }
    return _yaml({"services": {"llm": service}, "volumes": {"models": {}}})


def kubernetes(launch: Launch, installed: Installed) -> str:
    """A Deployment and a Service. They are not called vllm: Kubernetes would set ``VLLM_PORT``, which vLLM reads."""
    port = launch.number(8000, "--port")
    labels = {"app": "llm-server"}
    probe = {"httpGet": {"path": "/health", "port": port}}
    container = {
        "name": "server",
        "image": _image(installed),
        "command": _program(installed),
        "args": [*_model(launch, installed), *without_secrets(launch.flags, f"$({API_KEY})")],
        "env": [{"name": name, "value": value} for name, value in _inside(launch).items()] + _secret(launch),
        "ports": [{"containerPort": port}],
        "resources": {"limits": {"nvidia.com/gpu": launch.number(1, *TENSOR_PARALLEL)}},
        "readinessProbe": probe,
        "livenessProbe": {**probe, "periodSeconds": 30, "failureThreshold": 4},
        "startupProbe": {**probe, "periodSeconds": 10, "failureThreshold": 120},
        "volumeMounts": [{"name": "shared-memory", "mountPath": "/dev/shm"}],
    }
    pod = {"containers": [container], "volumes": [{"name": "shared-memory", "emptyDir": {"medium": "Memory"}}]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "llm-server", "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "Recreate"},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "llm-server"},
        "spec": {"selector": labels, "ports": [{"port": port, "targetPort": port}]},
    }
    return f"{_yaml(deployment)}---\n{_yaml(service)}"


def _image(installed: Installed) -> str:
    """The image of the release that a build of one's own was made from."""
    try:
        return f"{IMAGE}:v{Version(installed.version).base_version}"
    except InvalidVersion:
        return f"{IMAGE}:latest"


def _program(installed: Installed) -> list[str]:
    return ["vllm", "serve"] if serves_by_name(installed.version) else ["python3", "-m", MODULE]


def _model(launch: Launch, installed: Installed) -> list[str]:
    return [launch.model] if serves_by_name(installed.version) else ["--model", launch.model]


def _inside(launch: Launch) -> dict[str, str]:
    """The variables that make sense in a container, which sees only the GPUs that it is given."""
    return {name: value for name, value in launch.environment.items() if name != "CUDA_VISIBLE_DEVICES"}


def _devices(launch: Launch) -> dict[str, Any]:
    chosen = launch.environment.get("CUDA_VISIBLE_DEVICES")
    gpus = {"device_ids": chosen.split(",")} if chosen else {"count": launch.number(1, *TENSOR_PARALLEL)}
    return {"driver": "nvidia", **gpus, "capabilities": ["gpu"]}


def _volumes(launch: Launch) -> list[str]:
    local = [f"{launch.model}:{launch.model}:ro"] if launch.model.startswith("/") else []
    return ["models:/root/.cache/huggingface", *local]


def _secret(launch: Launch) -> list[dict[str, Any]]:
    if launch.flag("--api-key") is None:
        return []
    return [{"name": API_KEY, "valueFrom": {"secretKeyRef": {"name": "llm-server", "key": "api-key"}}}]


def _yaml(value: Any) -> str:
    import yaml

    class Plain(yaml.SafeDumper):
        """Writes a value that stands in two places twice, not once and a reference to it."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return str(yaml.dump(value, Dumper=Plain, sort_keys=False, allow_unicode=True))
