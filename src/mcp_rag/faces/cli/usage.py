"""``mcp-rag usage``: what language models were asked and took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from mcp_rag.faces.cli.options import home_option, home_settings, json_option
from mcp_rag.faces.cli.output import emit, tell


@click.command()
@click.option("--days", type=click.IntRange(1), help="Only the last so many days.")
@json_option
@home_option
def usage(days: int | None, as_json: bool, home: Path | None) -> None:
    """List each language model's calls, tokens and seconds, and what they cost by the setting chat_prices.

    A ~ marks tokens that the server did not count and that were estimated.
    """
    from mcp_rag.reasoning.pricing import price_of, read_prices
    from mcp_rag.wiring import open_house

    settings = home_settings(home)
    prices = read_prices(settings.chat_prices)
    since = datetime.now(UTC) - timedelta(days=days) if days else None
    with open_house(settings, tell, use_chat=False) as house:
        spent = house.ledger.usage.spent(since)
    for one in spent:
        price = price_of(one.model, prices)
        cost = price.of(one.prompt_tokens, one.completion_tokens) if price else None
        if as_json:
            emit(
                {
                    "model": one.model,
                    "calls": one.calls,
                    "failed": one.failed,
                    "prompt_tokens": one.prompt_tokens,
                    "completion_tokens": one.completion_tokens,
                    "estimated": one.estimated,
                    "seconds": round(one.seconds, 3),
                    "cost": None if cost is None else round(cost, 6),
                }
            )
            continue
        about = "~" if one.estimated else ""
        paid = "" if cost is None else f"  cost {cost:.4f}"
        tokens = f"{about}{one.prompt_tokens:,} + {about}{one.completion_tokens:,} tokens"
        click.echo(f"{one.model}  {one.calls} calls ({one.failed} failed)  {tokens}  {one.seconds:.1f} s{paid}")
    if not spent and not as_json:
        click.echo("No language model was asked yet.")
