#!/usr/bin/env python3
"""A dialect that is a process: what `indusagi --rpc` says, put into the words of all child agents. The wire is
described in docs/dialects.md.

    yoikit test --contract bridge --speaks indusagi-wire -- python3 guests/process/dialect.py
"""

import json
import sys


def opened(opening):
    if opening["resume"] is not None:
        return failed("a conversation is kept no longer than its process: it cannot be taken up again")
    return {"lines": [json.dumps({"type": "submit", "input": opening["prompt"]})], "noMoreLines": True}


def line(text):
    try:
        said = json.loads(text)
    except ValueError:
        return {"heard": "noise"}
    if not isinstance(said, dict):
        return {"heard": "noise"}
    if said.get("type") == "event" and isinstance(said.get("event"), dict):
        return event(said["event"])
    if said.get("type") == "result":
        return result(said.get("snapshot"))
    if said.get("type") == "error":
        return failed(said.get("message"))
    return {"heard": "unknown"}


def event(event):
    kind, delta = event.get("kind"), event.get("delta")
    if kind in ("text_delta", "thinking_delta"):
        voice = kind.removesuffix("_delta")
        return {"events": [{"kind": voice, "delta": delta}] if isinstance(delta, str) and delta else []}
    if kind in ("tool_started", "tool_finished"):
        outcome = event.get("outcome")
        bad = isinstance(outcome, dict) and outcome.get("isError") is True
        state = "running" if kind == "tool_started" else "failed" if bad else "done"
        names = {"id": str(event.get("id", "")), "tool": str(event.get("name", ""))}
        return {"events": [{"kind": "activity", "state": state, "title": "", **names}]}
    # What they say comes once more with the result.
    return {} if kind in ("snapshot", "settled", "faulted") else {"heard": "unknown"}


def result(snapshot):
    snapshot = snapshot if isinstance(snapshot, dict) else {}
    error = snapshot.get("error")
    if error is not None or snapshot.get("phase") == "faulted":
        return failed(error.get("message") if isinstance(error, dict) else None)
    return {"events": [{"kind": "finish", "reason": "stop"}]}


def failed(message):
    message = message if isinstance(message, str) and message else "indusagi says that the turn failed"
    return {"events": [{"kind": "failed", "error": {"message": message, "aborted": False, "code": "reported"}}]}


def main():
    for request in sys.stdin:
        request = json.loads(request)
        if "open" in request:
            answer = opened(request["open"])
        elif "line" in request:
            answer = line(request["line"])
        else:
            # Who ended without a result is told so by the host, which knows best how.
            answer = {}
        print(json.dumps(answer), flush=True)


main()
