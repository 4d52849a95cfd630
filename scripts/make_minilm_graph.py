"""Write the ONNX graphs of all-MiniLM-L6-v2, without its weights: ``python scripts/make_minilm_graph.py [folder]``.

The graph is the published architecture (a BERT encoder of six layers, then mean pooling and normalisation) with each
weight declared as *external* under its own name in ``model.safetensors``; the weights are handed over when a session
is made. Linear weights are expected as (in, out), the transpose of how safetensors keeps them.

``minilm.onnx`` computes in float32. In ``minilm-int8.onnx`` each linear layer takes its weight as int8 under
``NAME.int8``, with one scale a column under ``NAME.scale``, and quantises what comes in when it comes, with one scale for
all of a run. In ``minilm-mixed.onnx`` only the two large layers behind attention do, two thirds of the work, and with one
scale a token (as LLM.int8() takes one a row, arXiv:2208.07339): a token's number does not depend on its company.

Needs ``pip install onnx``; running the program needs only ONNX Runtime.
"""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FOLDER = Path(__file__).resolve().parents[1] / "src" / "mcp_rag" / "knowledge"
LAYERS, HIDDEN, HEADS, INNER, POSITIONS, WORDS = 6, 384, 12, 1536, 512, 30522
LAYER_NORM_EPSILON = 1e-12
"""``layer_norm_eps`` of the model's config.json, as are the sizes above."""
MICROSOFT = "com.microsoft"
"""Domain of the operators that ONNX Runtime adds to the standard's."""
OPSET, IR_VERSION = 20, 10
"""The first opset with Gelu; an IR version that every ONNX Runtime since 1.18 reads."""


class Precision(Enum):
    """What a graph computes in, by the file that holds it."""

    FLOAT32 = "minilm.onnx"
    INT8 = "minilm-int8.onnx"
    MIXED = "minilm-mixed.onnx"


class Graph:
    """Nodes and initializers in the order in which they are added."""

    def __init__(self, precision: Precision) -> None:
        self.precision = precision
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []

    def node(self, operation: str, *inputs: str, to: str, **attributes: float | int | list[int] | str) -> str:
        self.nodes.append(helper.make_node(operation, list(inputs), [to], name=to, **attributes))
        return to

    def as_floats(self, values: str, to: str) -> str:
        """A Cast, whose attribute bears the name of ``node``'s own parameter."""
        self.nodes.append(helper.make_node("Cast", [values], [to], name=to, to=TensorProto.FLOAT))
        return to

    def constant(self, name: str, values: object, kind: type) -> str:
        self.initializers.append(numpy_helper.from_array(np.array(values, dtype=kind), name))
        return name

    def weight(self, name: str, *shape: int, kind: int = TensorProto.FLOAT) -> str:
        """A tensor whose values are in ``model.safetensors`` under ``name``."""
        tensor = TensorProto(name=name, data_type=kind, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.initializers.append(tensor)
        return name

    def linear(self, values: str, name: str, size_in: int, size_out: int, to: str) -> str:
        if self.precision is Precision.INT8:
            return self._int8_linear(values, name, size_in, size_out, to)
        if self.precision is Precision.MIXED and ".attention." not in name:
            return self._int8_linear_by_token(values, name, size_in, size_out, to)
        product = self.node("MatMul", values, self.weight(f"{name}.weight", size_in, size_out), to=f"{to}.product")
        return self.node("Add", product, self.weight(f"{name}.bias", size_out), to=to)

    def _int8_linear(self, values: str, name: str, size_in: int, size_out: int, to: str) -> str:
        weight, scale = self._int8_weight(name, size_in, size_out)
        inputs = [values, weight, scale, "", self.weight(f"{name}.bias", size_out)]
        self.nodes.append(helper.make_node("DynamicQuantizeMatMul", inputs, [to], name=to, domain=MICROSOFT))
        return to

    def _int8_linear_by_token(self, values: str, name: str, size_in: int, size_out: int, to: str) -> str:
        weight, scale = self._int8_weight(name, size_in, size_out)
        largest = self.node("ReduceMax", self.node("Abs", values, to=f"{to}.sizes"), "last_axis", to=f"{to}.peak")
        largest = self.node("Max", largest, "least_length", to=f"{to}.largest")
        shares = self.node("Div", values, largest, to=f"{to}.shares")
        quantised = self.node("QuantizeLinear", shares, "int8_step", "int8_middle", to=f"{to}.eight_bits")
        inputs = [quantised, weight, "int8_step", scale, "int8_middle"]
        product = f"{to}.product"
        self.nodes.append(helper.make_node("MatMulIntegerToFloat", inputs, [product], name=product, domain=MICROSOFT))
        scaled = self.node("Mul", product, largest, to=f"{to}.scaled")
        return self.node("Add", scaled, self.weight(f"{name}.bias", size_out), to=to)

    def _int8_weight(self, name: str, size_in: int, size_out: int) -> tuple[str, str]:
        weight = self.weight(f"{name}.weight.int8", size_in, size_out, kind=TensorProto.INT8)
        return weight, self.weight(f"{name}.weight.scale", size_out)

    def layer_norm(self, values: str, name: str, to: str) -> str:
        scale, shift = self.weight(f"{name}.weight", HIDDEN), self.weight(f"{name}.bias", HIDDEN)
        return self.node("LayerNormalization", values, scale, shift, to=to, axis=-1, epsilon=LAYER_NORM_EPSILON)


def add_constants(graph: Graph) -> None:
    graph.constant("zero", [0], np.int64)
    graph.constant("one", [1], np.int64)
    graph.constant("masks_axes", [1, 2], np.int64)
    graph.constant("last_axis", [2], np.int64)
    graph.constant("to_heads", [0, 0, HEADS, HIDDEN // HEADS], np.int64)
    graph.constant("from_heads", [0, 0, HIDDEN], np.int64)
    graph.constant("one_float", 1.0, np.float32)
    graph.constant("shut_out", np.finfo(np.float32).min, np.float32)
    graph.constant("scale", (HIDDEN // HEADS) ** 0.5, np.float32)
    graph.constant("least_count", 1e-9, np.float32)
    graph.constant("least_length", 1e-12, np.float32)
    if graph.precision is Precision.MIXED:
        graph.constant("int8_step", 1 / 127, np.float32)
        graph.constant("int8_middle", 128, np.uint8)


def add_embeddings(graph: Graph) -> str:
    """Words + token type 0 + positions, normalised: (texts, tokens, hidden)."""
    words = graph.node(
        "Gather", graph.weight("embeddings.word_embeddings.weight", WORDS, HIDDEN), "input_ids", to="words"
    )
    types = graph.weight("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    positions = graph.weight("embeddings.position_embeddings.weight", POSITIONS, HIDDEN)
    graph.node("Shape", "input_ids", to="tokens", start=1, end=2)
    first_type = graph.node("Gather", types, "zero", to="first_type")
    used_positions = graph.node("Slice", positions, "zero", "tokens", "zero", to="positions")
    typed = graph.node("Add", words, first_type, to="typed")
    placed = graph.node("Add", typed, used_positions, to="placed")
    return graph.layer_norm(placed, "embeddings.LayerNorm", to="embedded")


def add_masks(graph: Graph) -> None:
    """``mask`` (texts, tokens) as floats and ``bias``, which shuts padding out of attention."""
    graph.as_floats("attention_mask", to="mask")
    wide = graph.node("Unsqueeze", "mask", "masks_axes", to="mask.wide")
    absent = graph.node("Sub", "one_float", wide, to="mask.absent")
    graph.node("Mul", absent, "shut_out", to="bias")


def add_heads(graph: Graph, values: str, name: str, order: list[int], to: str) -> str:
    flat = graph.linear(values, name, HIDDEN, HIDDEN, to=f"{to}.flat")
    split = graph.node("Reshape", flat, "to_heads", to=f"{to}.split")
    return graph.node("Transpose", split, to=to, perm=order)


def add_attention(graph: Graph, values: str, name: str) -> str:
    query = add_heads(graph, values, f"{name}.self.query", [0, 2, 1, 3], to=f"{name}.query")
    key = add_heads(graph, values, f"{name}.self.key", [0, 2, 3, 1], to=f"{name}.key")
    value = add_heads(graph, values, f"{name}.self.value", [0, 2, 1, 3], to=f"{name}.value")
    fits = graph.node("MatMul", query, key, to=f"{name}.fits")
    scaled = graph.node("Div", fits, "scale", to=f"{name}.scaled")
    masked = graph.node("Add", scaled, "bias", to=f"{name}.masked")
    weights = graph.node("Softmax", masked, to=f"{name}.weights", axis=-1)
    mixed = graph.node("MatMul", weights, value, to=f"{name}.mixed")
    turned = graph.node("Transpose", mixed, to=f"{name}.turned", perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", turned, "from_heads", to=f"{name}.joined")
    out = graph.linear(joined, f"{name}.output.dense", HIDDEN, HIDDEN, to=f"{name}.out")
    return graph.layer_norm(
        graph.node("Add", out, values, to=f"{name}.sum"), f"{name}.output.LayerNorm", to=f"{name}.done"
    )


def add_layer(graph: Graph, values: str, name: str) -> str:
    attended = add_attention(graph, values, f"{name}.attention")
    widened = graph.linear(attended, f"{name}.intermediate.dense", HIDDEN, INNER, to=f"{name}.widened")
    active = graph.node("Gelu", widened, to=f"{name}.active", approximate="none")
    narrowed = graph.linear(active, f"{name}.output.dense", INNER, HIDDEN, to=f"{name}.narrowed")
    total = graph.node("Add", narrowed, attended, to=f"{name}.sum")
    return graph.layer_norm(total, f"{name}.output.LayerNorm", to=f"{name}.done")


def add_pooling(graph: Graph, values: str) -> None:
    """The mean over real tokens, of length 1: ``vectors`` (texts, hidden)."""
    weights = graph.node("Unsqueeze", "mask", "last_axis", to="mask.column")
    kept = graph.node("Mul", values, weights, to="kept")
    total = graph.node("ReduceSum", kept, "one", to="total", keepdims=0)
    count = graph.node("ReduceSum", "mask", "one", to="count", keepdims=1)
    mean = graph.node("Div", total, graph.node("Max", count, "least_count", to="safe_count"), to="mean")
    length = graph.node("ReduceL2", mean, "one", to="length", keepdims=1)
    graph.node("Div", mean, graph.node("Max", length, "least_length", to="safe_length"), to="vectors")


def make_model(precision: Precision) -> ModelProto:
    """The graph: ``input_ids``, ``attention_mask`` int64 (texts, tokens) → ``vectors`` float32 (texts, 384)."""
    graph = Graph(precision)
    add_constants(graph)
    add_masks(graph)
    values = add_embeddings(graph)
    for layer in range(LAYERS):
        values = add_layer(graph, values, f"encoder.layer.{layer}")
    add_pooling(graph, values)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", HIDDEN])]
    body = helper.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, graph.initializers)
    used = [helper.make_opsetid(MICROSOFT, 1)] if precision is not Precision.FLOAT32 else []
    operators = [helper.make_opsetid("", OPSET), *used]
    return helper.make_model(body, opset_imports=operators, ir_version=IR_VERSION, producer_name="mcp-rag")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for precision in Precision:
        model, file = make_model(precision), folder / precision.value
        file.write_bytes(model.SerializeToString(deterministic=True))
        print(f"{file}: {file.stat().st_size} bytes, {len(model.graph.node)} nodes")


if __name__ == "__main__":
    main()
