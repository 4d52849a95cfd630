"""The chart, linted and rendered by a real helm; what is rendered is valid, and its parts agree with each other and with
the program."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_process import CHART, find_helm, run_helm

from mcp_rag import __version__
from mcp_rag.settings import Settings

SIZES = ("small", "medium", "cluster")
TOKENS = ("--set", "tokens.existingSecret=mcp-rag-tokens")
KUBERNETES = "1.31"
EVERYTHING = """
image: {repository: registry.example/mcp-rag, tag: "1.2"}
imagePullSecrets: [{name: pull}]
milvus: {uri: "https://m:19530", caSecret: ca, existingSecret: milvus}
ledger: {existingSecret: ledger, key: ledger-url}
chat: {baseUrl: "http://llm:8000/v1", model: assistant, existingSecret: llm}
settings: {lines: 80, redact_ips: "on"}
persistence: {enabled: false}
replicas: 2
ingress: {enabled: true, annotations: {a: b}}
serviceMonitor: {enabled: true, labels: {release: p}, tokenSecret: {name: metrics, key: t}}
podAnnotations: {c: d}
nodeSelector: {disk: ssd}
tolerations: [{key: k, operator: Exists}]
affinity: {podAntiAffinity: {}}
"""


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_helm(tmp_path_factory.mktemp("helm"))


def rendered(helm: Path, *arguments: object) -> dict[str, dict[str, Any]]:
    """Kind → manifest."""
    done = run_helm(helm, "template", "acme", CHART, *arguments)
    assert done.returncode == 0, done.stderr
    return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(done.stdout) if manifest}


@pytest.fixture(scope="session", params=[*SIZES, "everything"])
def manifests(request: pytest.FixtureRequest, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    values = CHART / f"values-{request.param}.yaml"
    if request.param == "everything":
        values = tmp_path_factory.mktemp("values") / "everything.yaml"
        values.write_text(EVERYTHING)
    linted = run_helm(helm, "lint", CHART, "--strict", "--values", values, *TOKENS)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    return rendered(helm, "--values", values, *TOKENS)


def test_every_manifest_is_what_kubernetes_takes(manifests: dict[str, dict[str, Any]]) -> None:
    kubernetes_validate = pytest.importorskip(
        "kubernetes_validate", reason="no schemas: pip install kubernetes-validate"
    )
    for kind, manifest in manifests.items():
        if kind != "ServiceMonitor":  # its schema is that of an operator
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_labels_ports_probes_and_volumes_agree(manifests: dict[str, dict[str, Any]]) -> None:
    pod = manifests["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    selectors = [manifests["Deployment"]["spec"]["selector"]["matchLabels"], manifests["Service"]["spec"]["selector"]]
    selectors += [manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    if budget := manifests.get("PodDisruptionBudget"):
        selectors.append(budget["spec"]["selector"]["matchLabels"])
    assert all(selector.items() <= labels for selector in selectors)
    if monitor := manifests.get("ServiceMonitor"):
        found = monitor["spec"]["selector"]["matchLabels"].items()
        assert found <= manifests["Service"]["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] == manifests["Service"]["spec"]["ports"][0]["name"]
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    assert str(port["containerPort"]) == container["args"][-1]
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert manifests["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"] == port["containerPort"]
    probes = [container[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert {(probe["path"], probe["port"]) for probe in probes} == {("/readyz", "http"), ("/healthz", "http")}
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["spec"]["volumes"]
    }
    for scaled in (m["spec"]["scaleTargetRef"] for k, m in manifests.items() if k == "HorizontalPodAutoscaler"):
        assert scaled["name"] == manifests["Deployment"]["metadata"]["name"]
        assert "replicas" not in manifests["Deployment"]["spec"]
    if ingress := manifests.get("Ingress"):
        (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
        assert path["backend"]["service"]["name"] == manifests["Service"]["metadata"]["name"]
        assert path["backend"]["service"]["port"]["name"] == manifests["Service"]["spec"]["ports"][0]["name"]


def test_every_variable_is_a_setting_and_no_secret_is_written_down(manifests: dict[str, dict[str, Any]]) -> None:
    (container,) = manifests["Deployment"]["spec"]["template"]["spec"]["containers"]
    names = [variable["name"] for variable in container["env"]]
    assert len(names) == len(set(names))
    assert {name.removeprefix("MCP_RAG_").lower() for name in names} <= {field.name for field in fields(Settings)}
    for variable in container["env"]:
        if variable["name"].endswith(("_PASSWORD", "_TOKEN", "_API_KEY", "_LEDGER_URL")):
            assert "value" not in variable, variable


def test_the_pod_has_no_more_rights_than_it_needs(manifests: dict[str, dict[str, Any]]) -> None:
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"requests", "limits"} <= set(container["resources"])


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((), "tokens.existingSecret is not set"),
        ((*TOKENS, "--set", "replicas=2"), "several replicas need one ledger"),
        ((*TOKENS, "--set", "replicas=2,ledger.existingSecret=l"), "several replicas need one index"),
        ((*TOKENS, "--set", "replicas=2,ledger.existingSecret=l,milvus.uri=http://m"), "can't be shared"),
        ((*TOKENS, "--set", "persistence.enabled=false"), "must be outside the pod"),
        ((*TOKENS, "--set", "serviceMonitor.enabled=true"), "/metrics asks for a token"),
    ],
)
def test_what_could_not_run_is_refused_with_the_reason(helm: Path, values: tuple[str, ...], told: str) -> None:
    done = run_helm(helm, "template", "acme", CHART, *values)
    assert done.returncode != 0
    assert told in done.stderr


def test_the_sizes_are_what_they_say(helm: Path) -> None:
    small, medium, cluster = (rendered(helm, "--values", CHART / f"values-{size}.yaml", *TOKENS) for size in SIZES)
    assert small["PersistentVolumeClaim"]["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert small["Deployment"]["spec"]["strategy"]["type"] == "Recreate"
    assert "PersistentVolumeClaim" not in medium | cluster
    assert medium["Deployment"]["spec"]["replicas"] == 2
    assert {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress", "ServiceMonitor"} <= set(cluster)


def test_the_chart_is_of_this_version() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == __version__
