#!/usr/bin/env python3
"""A server of tools that speaks MCP over standard input and output, with nothing but the standard library.

    yoikit test --mcp -- python3 guests/process/mcp.py
"""

import json
import sys

TOOL = {
    "name": "greet",
    "description": "Say hello",
    "inputSchema": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
}


def text(text, is_error=False):
    return {"content": [{"type": "text", "text": text}], "isError": is_error}


def call(params):
    name = params.get("arguments", {}).get("name")
    if not isinstance(name, str):
        return text("`name` is a text", is_error=True)
    # The first line is what a host shows: nothing in it may break it.
    shown = "".join(letter for letter in name[:64] if letter.isprintable())
    return text(f"Hello, {shown}!")


def answer(method, params):
    if method == "initialize":
        revision = params["protocolVersion"]
        return {
            "protocolVersion": revision,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "greeter", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call" and params["name"] == TOOL["name"]:
        return call(params)
    if method == "ping":
        return {}
    return None


def main():
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        result = answer(message["method"], message.get("params", {}))
        if result is None:
            reply["error"] = {"code": -32602, "message": "there is no such method or tool"}
        else:
            reply["result"] = result
        print(json.dumps(reply), flush=True)


main()
