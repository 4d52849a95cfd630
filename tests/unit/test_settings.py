"""Settings: which layer wins, and that all faults come together."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_rag.errors import SettingsError
from mcp_rag.settings import load_settings


def test_flags_go_over_environment_over_project_file_over_user_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, project = tmp_path / "config" / "mcp-rag", tmp_path / "project" / "deep"
    user.mkdir(parents=True)
    project.mkdir(parents=True)
    (user / "mcp-rag.toml").write_text('lines = 1\ncollection = "users"\nchat_model = "m"\nredact = false\n')
    (tmp_path / "project" / "mcp-rag.toml").write_text('lines = 2\ncollection = "projects"\nredact_ips = true\n')
    monkeypatch.setattr("platformdirs.user_config_dir", lambda *_, **__: str(user))
    environment = {"MCP_RAG_LINES": "3", "MCP_RAG_COLLECTION": "environments", "OTHER": "x"}
    settings = load_settings({"lines": 4, "home": None}, environment, project)
    assert (settings.lines, settings.collection, settings.chat_model) == (4, "environments", "m")
    assert (settings.redact, settings.redact_ips) == (False, True)
    assert settings.origins["lines"] == "flag"
    assert settings.origins["collection"] == "MCP_RAG_COLLECTION"
    assert settings.origins["redact_ips"] == str(tmp_path / "project" / "mcp-rag.toml")


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "mcp-rag.toml").write_text('lins = 5\nlines = "many"\n')
    environment = {"MCP_RAG_STARTER": "perhaps", "MCP_RAG_HOME": "", "MCP_RAG_CHAT_TIMEOUT_SECONDS": "-1"}
    with pytest.raises(SettingsError) as caught:
        load_settings({}, environment, tmp_path)
    for part in ("'lins'", "many", "starter is on or off", "home is empty", "chat_timeout_seconds"):
        assert part in str(caught.value)


@pytest.mark.parametrize("text", ["lines = [", "\xff"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "mcp-rag.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"mcp-rag\.toml"):
        load_settings({}, {}, tmp_path)


@pytest.mark.parametrize(("word", "value"), [("off", False), ("ON", True), ("0", False), ("yes", True)])
def test_switches_take_the_usual_words(tmp_path: Path, word: str, value: bool) -> None:
    assert load_settings({}, {"MCP_RAG_STARTER": word}, tmp_path).starter is value
