"""What the tests of /v1/messages send."""

PATH = "/v1/messages"
THINKING = {"type": "enabled", "budget_tokens": 1024}
ADD = {
    "name": "add",
    "description": "Adds two numbers",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}
SUM = {"role": "user", "content": "Use add(1, 2)"}


def turn(role, *blocks):
    return {"role": role, "content": list(blocks)}


def text(words):
    return {"type": "text", "text": words}


def use(call_id="toolu_1", **arguments):
    return {"type": "tool_use", "id": call_id, "name": "add", "input": arguments}


def result(call_id="toolu_1", content="3", **fields):
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **fields}


class Messages:
    """Posts to /v1/messages, with defaults for what a test leaves out."""

    def __init__(self, call):
        self._call = call

    def post(self, *history, **fields):
        body = {"model": "claude-4-5-sonnet", "max_tokens": 4000}
        body["messages"] = list(history) or [{"role": "user", "content": "Hello"}]
        return self._call.post(PATH, {k: v for k, v in (body | fields).items() if v is not ...})

    def answer(self, *history, **fields):
        answer = self.post(*history, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, *history, **fields):
        answer = self.post(*history, **fields)
        assert answer.status_code == 400, answer.text
        prefix = "ValidationException: The model returned the following errors: "
        return answer.json()["error"]["message"].removeprefix(prefix)
