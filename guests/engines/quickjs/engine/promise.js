// Promises, and the queue of what is ready. As the language has them, but run by whoever calls `runJobs`.

let jobs = [];

/** Run whatever is ready, until nothing is. */
export function runJobs() {
    // What a job adds is in the list before its end is reached.
    for (let at = 0; at < jobs.length; at++) {
        const job = jobs[at];
        jobs[at] = undefined;
        job();
    }
    jobs = [];
}

/** Drop whatever is ready. */
export function dropJobs() {
    jobs = [];
    unhandled.clear();
}

export function queueMicrotask(job) {
    if (typeof job !== "function") throw new TypeError("queueMicrotask takes a function");
    jobs.push(job);
}

/** Promises that were rejected, and nobody hears of it. */
const unhandled = new Map();

/** Why each of them was rejected, once. */
export function takeUnhandled() {
    const reasons = [...unhandled.values()];
    unhandled.clear();
    return reasons;
}

/** A promise, and the functions that settle it, of which one is to be called, once: not for code. */
export let pending;

/** Have one of two functions called when a promise is settled, and nothing made of that: not for code. */
export let hear;

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

/** Instead of an executor: whoever makes it settles it by the functions of this file. */
const ELSEWHERE = Symbol();

class Promise {
    #state = PENDING;
    #result;
    #reactions = [];

    constructor(executor) {
        if (executor === ELSEWHERE) return;
        if (typeof executor !== "function") throw new TypeError("a promise takes a function");
        const { resolve, reject } = this.#resolvers();
        try {
            executor(resolve, reject);
        } catch (error) {
            reject(error);
        }
    }

    /** The two functions that settle it; the first call of either counts. */
    #resolvers() {
        let called = false;
        return {
            resolve: (value) => {
                if (called) return;
                called = true;
                this.#resolve(value);
            },
            reject: (reason) => {
                if (called) return;
                called = true;
                this.#settle(REJECTED, reason);
            },
        };
    }

    #resolve(value) {
        if (value === this) return this.#settle(REJECTED, new TypeError("a promise cannot wait for itself"));
        if (value === null || (typeof value !== "object" && typeof value !== "function")) {
            return this.#settle(FULFILLED, value);
        }
        let then;
        try {
            then = value.then;
        } catch (error) {
            return this.#settle(REJECTED, error);
        }
        if (typeof then !== "function") return this.#settle(FULFILLED, value);
        const { resolve, reject } = this.#resolvers();
        jobs.push(() => {
            try {
                then.call(value, resolve, reject);
            } catch (error) {
                reject(error);
            }
        });
    }

    #settle(state, result) {
        this.#state = state;
        this.#result = result;
        const reactions = this.#reactions;
        this.#reactions = undefined;
        if (state === REJECTED && reactions.length === 0) unhandled.set(this, result);
        for (const reaction of reactions) this.#react(reaction);
    }

    /** Have handlers called when it is settled, and what becomes of them told to `next`, if there is one: a promise made
     * elsewhere, or two functions. */
    #hear(onFulfilled, onRejected, next) {
        const reaction = { onFulfilled, onRejected, next };
        if (this.#state === PENDING) {
            this.#reactions.push(reaction);
        } else {
            if (this.#state === REJECTED) unhandled.delete(this);
            this.#react(reaction);
        }
    }

    #react({ onFulfilled, onRejected, next }) {
        const isFulfilled = this.#state === FULFILLED;
        const handler = isFulfilled ? onFulfilled : onRejected;
        jobs.push(() => {
            if (typeof handler !== "function") return isFulfilled ? next?.resolve(this.#result) : next?.reject(this.#result);
            let value;
            try {
                value = handler(this.#result);
            } catch (error) {
                return next?.reject(error);
            }
            next?.resolve(value);
        });
    }

    then(onFulfilled, onRejected) {
        const Species = this.constructor?.[Symbol.species] ?? Promise;
        const next = Species === Promise ? pending() : Species.withResolvers();
        this.#hear(onFulfilled, onRejected, next);
        return next.promise;
    }

    /** What there is of `pending` and `hear` that only this class can do. */
    static {
        pending = () => {
            const promise = new Promise(ELSEWHERE);
            return {
                promise,
                resolve: (value) => promise.#resolve(value),
                reject: (reason) => promise.#settle(REJECTED, reason),
            };
        };
        hear = (promise, onFulfilled, onRejected) => promise.#hear(onFulfilled, onRejected);
    }

    catch(onRejected) {
        return this.then(undefined, onRejected);
    }

    finally(onFinally) {
        if (typeof onFinally !== "function") return this.then(onFinally, onFinally);
        const Class = this.constructor;
        return this.then(
            (value) => Class.resolve(onFinally()).then(() => value),
            (reason) =>
                Class.resolve(onFinally()).then(() => {
                    throw reason;
                }),
        );
    }

    static get [Symbol.species]() {
        return this;
    }

    static withResolvers() {
        let resolve, reject;
        const promise = new this((yes, no) => {
            resolve = yes;
            reject = no;
        });
        return { promise, resolve, reject };
    }

    static resolve(value) {
        if (value instanceof Promise && value.constructor === this) return value;
        return new this((resolve) => resolve(value));
    }

    static reject(reason) {
        return new this((_, reject) => reject(reason));
    }

    static try(callback, ...args) {
        return new this((resolve) => resolve(callback(...args)));
    }

    static all(promises) {
        return this.#collect(promises, (settle, all) => ({
            onFulfilled: settle,
            onRejected: all.reject,
            done: all.resolve,
        }));
    }

    static allSettled(promises) {
        return this.#collect(promises, (settle, all) => ({
            onFulfilled: (value) => settle({ status: "fulfilled", value }),
            onRejected: (reason) => settle({ status: "rejected", reason }),
            done: all.resolve,
        }));
    }

    static any(promises) {
        return this.#collect(promises, (settle, all) => ({
            onFulfilled: all.resolve,
            onRejected: settle,
            done: (errors) => all.reject(new AggregateError(errors, "All promises were rejected")),
        }));
    }

    static race(promises) {
        return new this((resolve, reject) => {
            for (const promise of promises) this.resolve(promise).then(resolve, reject);
        });
    }

    /** Wait for all of several: `handlers` says what each does, and what is done when all have. */
    static #collect(promises, handlers) {
        const all = this.withResolvers();
        const results = [];
        let left = 1;
        let finish;
        const one = () => {
            if (--left === 0) finish(results);
        };
        try {
            ({ done: finish } = handlers(undefined, all));
            let count = 0;
            for (const promise of promises) {
                const at = count++;
                results.push(undefined);
                left++;
                let called = false;
                const settle = (value) => {
                    if (called) return;
                    called = true;
                    results[at] = value;
                    one();
                };
                const { onFulfilled, onRejected } = handlers(settle, all);
                this.resolve(promise).then(onFulfilled, onRejected);
            }
            one();
        } catch (error) {
            all.reject(error);
        }
        return all.promise;
    }
}

Object.defineProperty(Promise.prototype, Symbol.toStringTag, { value: "Promise", configurable: true });

export { Promise };
