"""A plugin with one tool, which greets."""


class ToolError(Exception):
    """Why a tool did not do what it was asked: a code for programs, and words for a model."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def greet(input):
    name = input.get("name") if isinstance(input, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise ToolError("invalid_input", "`name` is empty")
    return {"summary": "greeted", "content": f"Hello, {name.strip()}!"}


# By their names in plugin.toml. Each takes the input and gives `summary`, and `content` if there is more to say.
TOOLS = {"{{prefix}}_greet": greet}
