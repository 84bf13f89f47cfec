// The object `tools`, and its calls.
//
// The host judges each call again; what is told here is told in the language's own words.

import { pending } from "./promise.js";
import { argument } from "./values.js";

/** Calls that were made, those that were not told yet first, and who waits for them. */
export class Switchboard {
    #made = [];
    #waiting = new Map();
    #nextId = 0;
    #run = 0;

    /** Begin a run; its `tools`. */
    open(names) {
        const run = ++this.#run;
        const calls = new Map(names.map((name) => [name, (...args) => this.#call(run, name, args)]));
        return new Proxy(Object.create(null), {
            get: (_, name) => {
                if (typeof name === "symbol" || calls.has(name)) return calls.get(name);
                // What a promise, JSON and the like look for, to learn what they have.
                if (name === "then" || name === "toJSON" || name === "constructor") return undefined;
                throw new TypeError(`there is no tool '${name}'`);
            },
            has: (_, name) => calls.has(name),
            ownKeys: () => [...calls.keys()],
            getOwnPropertyDescriptor: (_, name) =>
                calls.has(name) ? { value: calls.get(name), enumerable: true, configurable: true } : undefined,
            set: () => false,
        });
    }

    /** The run is over. No call is made any more, and none answered. The tools that were not told. */
    close() {
        this.#run++;
        this.#waiting.clear();
        return this.takeMade().map((call) => call.tool);
    }

    #call(run, tool, args) {
        const answer = pending();
        try {
            if (run !== this.#run) throw new Error(`tools.${tool}() cannot be called: its run is over`);
            if (args.length > 1 || (args.length === 1 && (typeof args[0] !== "object" || args[0] === null || Array.isArray(args[0])))) {
                throw new TypeError(`tools.${tool}() takes one object: tools.${tool}({ key: value })`);
            }
            this.#made.push({ id: this.#nextId, tool, args: argument(args[0] ?? {}) });
            this.#waiting.set(this.#nextId++, answer);
        } catch (error) {
            answer.reject(error);
        }
        return answer.promise;
    }

    /** The calls since the last time, in their order. */
    takeMade() {
        const made = this.#made;
        this.#made = [];
        return made;
    }

    answer(answers) {
        for (const { id, outcome } of answers) {
            // The host has seen to it that there is no other.
            const call = this.#waiting.get(id);
            this.#waiting.delete(id);
            if (!call) continue;
            if (outcome.tag === "err") {
                call.reject(raised(outcome.val));
                continue;
            }
            let value;
            try {
                value = JSON.parse(outcome.val);
            } catch (error) {
                call.reject(new SyntaxError(`the tool's answer cannot be read: ${error.message}`));
                continue;
            }
            call.resolve(value);
        }
    }
}

/** A tool's failure: an error of the class of that name where there is one, and of that name in any case. */
function raised({ name, message }) {
    const kind = globalThis[name];
    const isError = typeof kind === "function" && kind.prototype instanceof Error && kind !== AggregateError;
    const error = isError ? new kind(message) : new Error(message);
    error.name = name;
    return error;
}
