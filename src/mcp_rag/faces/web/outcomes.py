"""What a person says on a page of whether a fix helped."""

from __future__ import annotations

from starlette.exceptions import HTTPException

from mcp_rag import librarian
from mcp_rag.records import OutcomeKind
from mcp_rag.wiring import House, redactor_of

FACE = "the web page"


def record_said(house: House, incident: str, said: str, fix: str, key: str | None) -> None:
    """Write down that the known issue of ``key`` helped or did not, or what fixed it in one's own words.

    Raises:
        HTTPException: nothing was said (422).
        NotFound: there is no such incident or issue, or none to speak of.
    """
    if said == "corrected" and fix:
        safe = redactor_of(house.settings)(fix)
        librarian.record_outcome(house.ledger, incident, OutcomeKind.CONFIRMED, None, safe, FACE)
    elif said in ("confirmed", "rejected"):
        librarian.record_outcome(house.ledger, incident, OutcomeKind(said), key, face=FACE)
    else:
        raise HTTPException(422, "Tell what fixed it in your own words")
