"""What the conformance suite asks a server to have besides its own tools: the diagnostic parts, by the names and with
the answers that the suite's scenarios describe. They stand on the program's own server and live in the tests alone.
"""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import Message, UserMessage
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CallToolResult,
    ElicitResult,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    ListRootsResult,
    TextContent,
    TextResourceContents,
)
from pydantic import Field


def _png() -> bytes:
    """One red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


def _wav() -> bytes:
    """Silence of one sample."""
    head = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8_000, 16_000, 2, 16) + b"data" + struct.pack("<I", 2)
    return b"RIFF" + struct.pack("<I", len(head) + 2) + head + b"\0\0"


DESCRIPTION = "A diagnostic part of the conformance suite."
IMAGE = ImageContent(type="image", data=base64.b64encode(_png()).decode(), mime_type="image/png")
AUDIO = AudioContent(type="audio", data=base64.b64encode(_wav()).decode(), mime_type="audio/wav")


def _text(text: str) -> TextContent:
    return TextContent(type="text", text=text)


def _embedded(uri: str, kind: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=text))


def _question(message: str, name: str, kind: str = "string") -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def _sampling(text: str, tokens: int) -> dict[str, Any]:
    said = {"role": "user", "content": {"type": "text", "text": text}}
    return {"method": "sampling/createMessage", "params": {"messages": [said], "maxTokens": tokens}}


Answer = CallToolResult | InputRequiredResult
ROOTS: dict[str, Any] = {"method": "roots/list", "params": {}}


def _ask(requests: dict[str, Any], state: str | None = None) -> InputRequiredResult:
    return InputRequiredResult.model_validate({"inputRequests": requests, "requestState": state})


def _said(ctx: Context[None, Any], key: str, name: str) -> str | None:
    """What a form was answered with."""
    answer = (ctx.input_responses or {}).get(key)
    return str((answer.content or {}).get(name)) if isinstance(answer, ElicitResult) and answer.content else None


def add_fixtures(server: MCPServer[None]) -> None:
    """Put the suite's diagnostic tools, resources and prompts beside the server's own."""
    _add_contents(server)
    _add_questions(server)
    _add_schemas(server)
    _add_resources(server)
    _add_prompts(server)


def _add_contents(server: MCPServer[None]) -> None:
    @server.tool(description=DESCRIPTION)
    def test_simple_text() -> str:
        return "This is a simple text response for testing."

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_image_content() -> list[ImageContent]:
        return [IMAGE]

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_audio_content() -> list[AudioContent]:
        return [AUDIO]

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_embedded_resource() -> list[EmbeddedResource]:
        return [_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
        mixed = _embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}')
        return [_text("Multiple content types test:"), IMAGE, mixed]

    @server.tool(description=DESCRIPTION)
    def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")

    @server.tool(description=DESCRIPTION)
    async def test_tool_with_progress(ctx: Context[None, Any]) -> str:
        for progress in (0, 50, 100):
            await ctx.report_progress(progress, 100)
            await anyio.sleep(0.05)
        return "done"

    @server.tool(description=DESCRIPTION)
    def test_missing_capability(ctx: Context[None, Any]) -> str:
        if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
            needed = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs sampling", needed)
        return "sampling was declared"


def _add_questions(server: MCPServer[None]) -> None:
    def done(text: str) -> CallToolResult:
        return CallToolResult(content=[_text(text)])

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_elicitation(ctx: Context[None, Any]) -> Answer:
        name = _said(ctx, "user_name", "name")
        return done(f"Hello, {name}!") if name else _ask({"user_name": _question("What is your name?", "name")})

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_sampling(ctx: Context[None, Any]) -> Answer:
        answer = (ctx.input_responses or {}).get("capital_question")
        asked = {"capital_question": _sampling("What is the capital of France?", 100)}
        return done(answer.model_dump_json()) if answer is not None else _ask(asked)

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_list_roots(ctx: Context[None, Any]) -> Answer:
        answer = (ctx.input_responses or {}).get("client_roots")
        if isinstance(answer, ListRootsResult):
            return done(", ".join(str(root.uri) for root in answer.roots))
        return _ask({"client_roots": ROOTS})

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_request_state(ctx: Context[None, Any]) -> Answer:
        if ctx.input_responses and ctx.request_state == "asked":
            return done("state-ok")
        return _ask({"confirm": _question("Please confirm", "ok", "boolean")}, "asked")

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_tampered_state(ctx: Context[None, Any]) -> Answer:
        if ctx.input_responses and ctx.request_state == "asked":
            return done("state-ok")
        return _ask({"confirm": _question("Please confirm", "ok", "boolean")}, "asked")

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_capabilities(ctx: Context[None, Any]) -> Answer:
        declared = ctx.client_capabilities
        asked: dict[str, Any] = {}
        if declared and declared.elicitation is not None:
            asked["user_name"] = _question("What is your name?", "name")
        if declared and declared.sampling is not None:
            asked["capital_question"] = _sampling("What is the capital of France?", 100)
        return _ask(asked) if asked and not ctx.input_responses else done("done")

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_multiple_inputs(ctx: Context[None, Any]) -> Answer:
        asked = {"user_name": _question("What is your name?", "name"), "greeting": _sampling("Generate a greeting", 50)}
        asked["client_roots"] = ROOTS
        if set(asked) <= set(ctx.input_responses or {}):
            return done("all three were answered")
        return _ask(asked, "asked")

    @server.tool(description=DESCRIPTION, structured_output=False)
    def test_input_required_result_multi_round(ctx: Context[None, Any]) -> Answer:
        if ctx.request_state == "second" and _said(ctx, "step2", "color"):
            return done("both were answered")
        if ctx.request_state == "first" and _said(ctx, "step1", "name"):
            return _ask({"step2": _question("Step 2: What is your favorite color?", "color")}, "second")
        return _ask({"step1": _question("Step 1: What is your name?", "name")}, "first")


def _add_resources(server: MCPServer[None]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return _png()

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> dict[str, Any]:
        return {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}


def _add_prompts(server: MCPServer[None]) -> None:
    @server.prompt(description=DESCRIPTION)
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description=DESCRIPTION)
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description=DESCRIPTION)
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:
        embedded = _embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(embedded), UserMessage("Please process the embedded resource above.")]

    @server.prompt(description=DESCRIPTION)
    def test_prompt_with_image() -> list[Message]:
        return [UserMessage(IMAGE), UserMessage("Please analyze the image above.")]

    @server.prompt(description=DESCRIPTION)
    def test_input_required_result_prompt(ctx: Context[None, Any]) -> list[Message] | InputRequiredResult:
        context = _said(ctx, "user_context", "context")
        if context is None:
            return _ask({"user_context": _question("What context should the prompt use?", "context")})
        return [UserMessage(f"Context: {context}")]


SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def _add_schemas(server: MCPServer[None]) -> None:
    """Tools whose input schema is more than a function's signature can say."""

    @server.tool(description=DESCRIPTION)
    def test_mirrored_header(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
        return region

    def json_schema_2020_12_tool(
        name: str = "", address: dict[str, str] | None = None, contactMethod: str = "", phone: str = "", email: str = ""
    ) -> str:
        return name

    made = Tool.from_function(json_schema_2020_12_tool, description=DESCRIPTION)
    server._tool_manager._tools[made.name] = made.model_copy(update={"fn": made.fn, "parameters": SCHEMA_2020_12})
