"""Serving the model that the assistant thinks with: vLLM's command, its check before the start, its deployment."""
