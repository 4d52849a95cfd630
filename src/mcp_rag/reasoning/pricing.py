"""What a language model's tokens cost, by a setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcp_rag.errors import SettingsError

ANY = "*"
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """For a million tokens of prompt and of answer, in whatever money the setting counts."""

    prompt: float
    completion: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / MILLION


def read_prices(text: str) -> Mapping[str, Price]:
    """``MODEL=PROMPT/ANSWER, …`` → model → price; ``*`` stands for all others.

    Raises:
        SettingsError: a part has another form.
    """
    prices = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        model, equals, pair = part.rpartition("=")
        prompt, slash, completion = pair.partition("/")
        try:
            price = Price(float(prompt), float(completion)) if equals and slash else None
        except ValueError:
            price = None
        if price is None or min(price.prompt, price.completion) < 0 or not model.strip():
            raise SettingsError(
                "chat_prices cannot be used", f"{part!r} is no price", "Write MODEL=PROMPT/ANSWER for a million tokens"
            )
        prices[model.strip()] = price
    return prices


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The model's own price, or that of all others."""
    return prices.get(model, prices.get(ANY))
