// A plugin with one tool, which greets.

/** Why a tool did not do what it was asked: a code for programs, and words for a model. */
class ToolError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** The tools, by their names in plugin.toml. Each takes the input and gives `{ summary, content? }`. */
const tools = {
  {{prefix}}_greet(input) {
    const name = typeof input?.name === "string" ? input.name.trim() : "";
    if (name === "") {
      throw new ToolError("invalid_input", "`name` is empty");
    }
    return { summary: "greeted", content: `Hello, ${name}!` };
  },
};

/** The one export of the world. What is thrown out of it ends the plugin, so nothing is. */
export function call(toolName, inputJson) {
  try {
    if (!Object.hasOwn(tools, toolName)) {
      throw new ToolError("unsupported_tool", `this plugin has no tool \`${toolName}\``);
    }
    return JSON.stringify(tools[toolName](JSON.parse(inputJson)));
  } catch (error) {
    const code = error instanceof ToolError ? error.code : "failed";
    const content = JSON.stringify({ error: { code, message: String(error?.message ?? error) } });
    return JSON.stringify({ summary: `tool error: ${code}`, content });
  }
}
