import assert from "node:assert/strict";
import test from "node:test";

import { call } from "../src/plugin.js";

const answer = (input) => JSON.parse(call("{{prefix}}_greet", JSON.stringify(input)));

test("somebody is greeted by name", () => {
  assert.deepEqual(answer({ name: "Ada" }), { summary: "greeted", content: "Hello, Ada!" });
});

test("nobody is not greeted", () => {
  assert.equal(answer({ name: " " }).summary, "tool error: invalid_input");
  assert.equal(answer(null).summary, "tool error: invalid_input");
});
