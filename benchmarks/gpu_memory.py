"""What a process takes of a GPU beyond its weights and its cache, beside what the preflight reckons with.

``python benchmarks/gpu_memory.py`` needs a CUDA GPU of 12 GiB that nobody else uses, torch and transformers. It builds
a decoder of 3 billion made-up weights in bfloat16 and prints, in MiB: the CUDA context with cuBLAS and kernels (all that
the driver counts and PyTorch's allocator does not), the activations of a prefill of 8,192 tokens, a captured graph of one
decoding step, and the key-value cache as measured and by the formula of ``inference/preflight.py``.
"""

from __future__ import annotations

import json

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from mcp_rag.inference.preflight import OVERHEAD_BYTES

MIB = 2**20
LAYERS, KV_HEADS, HEAD_SIZE, ELEMENT_BYTES, TOKENS, DECODED_AT_ONCE = 36, 2, 128, 2, 8_192, 32


def used_bytes() -> int:
    """What the driver counts as used on the GPU, by whichever process."""
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info()
    return total - free


def build_model() -> torch.nn.Module:
    """A decoder in the shape of a 3 B model with grouped-query attention, its weights random."""
    config = AutoConfig.for_model(
        "qwen2",
        hidden_size=2048,
        intermediate_size=11008,
        num_hidden_layers=LAYERS,
        num_attention_heads=16,
        num_key_value_heads=KV_HEADS,
        vocab_size=151936,
        tie_word_embeddings=True,
    )
    with torch.device("cuda"):
        return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).eval()


def prefill_bytes(model: torch.nn.Module) -> tuple[int, int]:
    """(key-value cache, peak of activations) of one prefill."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    told = model(torch.randint(0, 1000, (1, TOKENS), device="cuda"), use_cache=True, logits_to_keep=1)
    cache = sum(
        t.numel() * t.element_size() for layer in told.past_key_values.layers for t in (layer.keys, layer.values)
    )
    return cache, torch.cuda.max_memory_allocated() - before - cache


def graph_bytes(model: torch.nn.Module) -> int:
    """What capturing one decoding step takes."""
    tokens = torch.randint(0, 1000, (DECODED_AT_ONCE, 1), device="cuda")
    for _ in range(3):  # capture needs warm kernels
        model(tokens, use_cache=False)
    torch.cuda.empty_cache()  # as capturing does first: what was only kept for later must not count
    before = used_bytes()
    with torch.cuda.graph(torch.cuda.CUDAGraph()):
        model(tokens, use_cache=False)
    return used_bytes() - before


def main() -> None:
    model = build_model()
    with torch.no_grad():
        cache, activations = prefill_bytes(model)
        graph = graph_bytes(model)
    beyond = used_bytes() - torch.cuda.memory_reserved()
    formula = 2 * LAYERS * KV_HEADS * HEAD_SIZE * ELEMENT_BYTES * TOKENS
    print(
        json.dumps(
            {
                "gpu": torch.cuda.get_device_name(),
                "torch": torch.__version__,
                "context_mib": round(beyond / MIB),
                "activations_mib": round(activations / MIB),
                "graph_mib": round(graph / MIB),
                "together_mib": round((beyond + activations + graph) / MIB),
                "preflight_overhead_mib": round(OVERHEAD_BYTES / MIB),
                "cache_measured_mib": cache / MIB,
                "cache_by_formula_mib": formula / MIB,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
