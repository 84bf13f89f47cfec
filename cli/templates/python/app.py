"""The plugin, as the world `yoi:plugin/tool@1.0.0` wants it. What its tools do is in tools.py."""

import json

# Made of the contract when the plugin is built.
import wit_world

from tools import TOOLS, ToolError


class WitWorld(wit_world.WitWorld):
    """The one export of the world. What is raised out of it ends the plugin, so nothing is."""

    def call(self, tool_name: str, input_json: str) -> str:
        try:
            if tool_name not in TOOLS:
                raise ToolError("unsupported_tool", f"this plugin has no tool `{tool_name}`")
            return json.dumps(TOOLS[tool_name](json.loads(input_json)))
        except Exception as error:
            code = error.code if isinstance(error, ToolError) else "failed"
            content = json.dumps({"error": {"code": code, "message": str(error)}})
            return json.dumps({"summary": f"tool error: {code}", "content": content})
