// What stands for async functions and async generators: generators, driven by promises.

import { hear, pending, Promise } from "./promise.js";

/** What an async generator yields where its code awaits, and where it hands over to another. */
class Await {
    constructor(value) {
        this.value = value;
    }
}

class Delegate {
    constructor(iterable) {
        this.iterable = iterable;
    }
}

/** An async function's call: `await x` is a `yield x` of the generator. */
export function asyncCall(generator, self, args) {
    const { promise, resolve, reject } = pending();
    let running;
    const step = (method, value) => {
        let turn;
        try {
            running ??= generator.apply(self, args);
            turn = running[method](value);
            if (turn.done) return resolve(turn.value);
            hear(Promise.resolve(turn.value), next, fail);
        } catch (error) {
            reject(error);
        }
    };
    const next = (value) => step("next", value);
    const fail = (error) => step("throw", error);
    next();
    return promise;
}

export const awaiting = (value) => new Await(value);
export const delegating = (iterable) => new Delegate(iterable);

/** An async generator's call. */
export function asyncGeneratorCall(generator, self, args) {
    return new AsyncGenerator(generator.apply(self, args));
}

class AsyncGenerator {
    #running;
    /** The generator that it has handed over to. */
    #inner;
    #last = Promise.resolve();

    constructor(running) {
        this.#running = running;
    }

    next(value) {
        return this.#enqueue("next", value);
    }

    throw(error) {
        return this.#enqueue("throw", error);
    }

    return(value) {
        return this.#enqueue("return", value);
    }

    [Symbol.asyncIterator]() {
        return this;
    }

    get [Symbol.toStringTag]() {
        return "AsyncGenerator";
    }

    /** Requests are answered one after the other, in their order. */
    #enqueue(method, value) {
        const self = this;
        const answer = this.#last.then(() =>
            asyncCall(function* () {
                return yield* self.#advance(method, value);
            }),
        );
        this.#last = answer.catch(() => {});
        return answer;
    }

    *#advance(method, value) {
        for (;;) {
            if (this.#inner) {
                const inner = this.#inner;
                try {
                    const turn = yield inner[method] ? inner[method](value) : { done: true, value };
                    if (!turn.done) return turn;
                    this.#inner = undefined;
                    [method, value] = [method === "return" ? "return" : "next", turn.value];
                } catch (error) {
                    this.#inner = undefined;
                    [method, value] = ["throw", error];
                }
            }
            const turn = this.#running[method](value);
            if (turn.value instanceof Await) {
                [method, value] = yield* settled(turn.value.value);
            } else if (turn.value instanceof Delegate) {
                this.#inner = asyncIterator(turn.value.iterable);
                [method, value] = ["next", undefined];
            } else {
                return { done: turn.done, value: yield turn.value };
            }
        }
    }
}

/** How to go on with what a promise came to. */
function* settled(promise) {
    try {
        return ["next", yield promise];
    } catch (error) {
        return ["throw", error];
    }
}

/** What `for await` goes through. */
export function asyncIterator(iterable) {
    const method = iterable[Symbol.asyncIterator];
    if (method) return method.call(iterable);
    const iterator = iterable[Symbol.iterator]();
    const each = (turn) => Promise.resolve(turn.value).then((value) => ({ done: turn.done, value }));
    return {
        next: (value) => Promise.try(() => each(iterator.next(value))),
        return: (value) => Promise.try(() => (iterator.return ? each(iterator.return(value)) : { done: true, value })),
    };
}
