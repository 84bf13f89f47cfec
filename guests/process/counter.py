#!/usr/bin/env python3
"""A plugin that is a process: it counts, as rust/counter does. See yoi_conformance::suites::plugin::target::process.

    yoikit test -- python3 guests/process/counter.py
"""

import json
import sys

SCHEMA = {"type": "object", "required": ["by"], "additionalProperties": False, "properties": {"by": {"type": "integer"}}}
MOST = 2**63 - 1


class Refused(Exception):
    """The plugin does not do what it is asked, and says why."""

    def __init__(self, code, message):
        super().__init__(message)
        self.answer = {"error": {"code": code, "message": message}}


class Counter:
    def __init__(self):
        self.count = 0

    def data(self, state):
        return {"state": state, "data": {"count": self.count}}

    def hello(self, params):
        self.__init__()
        tools = [
            {"name": "counter_add", "input_schema": SCHEMA},
            {"name": "counter_get", "input_schema": {"type": "object", "additionalProperties": False}},
        ]
        return {"protocol": "yoikit.plugin/1", "world": "instance", "tools": tools, "ingresses": ["tick"], "renews": True}

    def start(self, params):
        config = params["config"]
        if config is None:
            config = {}
        if not isinstance(config, dict) or set(config) - {"start"}:
            raise Refused("invalid_config", "the configuration is `{\"start\": number}`")
        start = config.get("start", 0)
        if type(start) is not int or abs(start) > MOST:
            raise Refused("invalid_config", "`start` is no number that can be counted from")
        self.count = start
        return self.data("running")

    def add(self, by):
        if abs(self.count + by) > MOST:
            raise Refused("failed", f"{self.count} and {by} is more than the count can hold")
        self.count += by

    def handle_tool(self, params):
        try:
            self.run(params["name"], params["input"])
        except Refused as refused:
            error = refused.answer["error"]
            return {"summary": f"tool error: {error['code']}", "content": json.dumps(refused.answer)}
        return {"summary": f"the count is {self.count}", "content": json.dumps({"count": self.count})}

    def run(self, name, given):
        if name not in ("counter_add", "counter_get"):
            raise Refused("unsupported_tool", "there is no such tool")
        if not isinstance(given, dict):
            raise Refused("invalid_input", "the input is no object")
        if name == "counter_get":
            if given:
                raise Refused("invalid_input", "nothing is taken")
        elif set(given) != {"by"} or type(given["by"]) is not int:
            raise Refused("invalid_input", "`by` is a number, and nothing else is taken")
        else:
            self.add(given["by"])

    def handle_ingress(self, params):
        event = params["event"]
        if params["name"] != "tick":
            raise Refused("unsupported_ingress", "there is no such ingress")
        self.add(1)
        command = {
            "correlation_id": event["correlation_id"],
            "source_event_id": event["correlation_id"],
            "command_id": f"tick-{self.count}",
            "kind": "diagnostic_status_update",
            "payload": {"message": "ticked", "status": {"count": self.count}},
            "requested_at": event["created_at"],
        }
        return {"accepted": True, "data": {"count": self.count}, "output_commands": [command]}

    def status(self, params):
        return self.data("running")

    def stop(self, params):
        return self.data("stopped")


def main():
    counter = Counter()
    for line in sys.stdin:
        request = json.loads(line)
        answer = {"jsonrpc": "2.0", "id": request["id"]}
        method = getattr(counter, request["method"].replace("-", "_"))
        try:
            answer["result"] = method(request["params"])
        except Refused as refused:
            answer["result"] = refused.answer
        print(json.dumps(answer), flush=True)


main()
