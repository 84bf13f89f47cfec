// Runs: code is read, runs until all of it waits, goes on with answers, and ends.

import host from "yoi:ptc/host@1.0.0";

import { asyncCall, asyncGeneratorCall, asyncIterator, awaiting, delegating } from "./drive.js";
import { console, resetPrint, warn } from "./print.js";
import { dropJobs, Promise, queueMicrotask, runJobs, takeUnhandled } from "./promise.js";
import { NAMES, rewrite } from "./rewrite.js";
import * as timers from "./timers.js";
import { Switchboard } from "./tools.js";
import { ownFrames, print, result } from "./values.js";

const evaluate = globalThis.eval;

export class Session {
    #switchboard = new Switchboard();
    #running = false;
    #outcome = null;
    /** Of which run the outcome is: one that was given up may still settle. */
    #run = 0;

    constructor() {
        const hidden = {
            [NAMES.call]: asyncCall,
            [NAMES.generator]: asyncGeneratorCall,
            [NAMES.awaiting]: awaiting,
            [NAMES.delegating]: delegating,
            [NAMES.iterator]: asyncIterator,
        };
        for (const [name, value] of Object.entries(hidden)) Object.defineProperty(globalThis, name, { value });
        const { setTimeout, setInterval, setImmediate, clearTimeout } = timers;
        const given = { console, Promise, queueMicrotask, setTimeout, setInterval, setImmediate };
        given.clearTimeout = given.clearInterval = given.clearImmediate = clearTimeout;
        for (const [name, value] of Object.entries(given)) {
            Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
        }
        // Its state would be that of every other instance.
        Math.random = () => (Number(host.random()) % 2 ** 53) / 2 ** 53;
        // It would give a promise that stands still.
        delete Array.fromAsync;
    }

    run(code, tools) {
        if (this.#running) this.abandon();
        let start;
        try {
            start = evaluate(rewrite(code));
        } catch (error) {
            return finished("unreadable", { name: error.name, message: error.message, trace: null });
        }
        globalThis.tools = this.#switchboard.open(tools);
        this.#running = true;
        this.#outcome = null;
        const run = ++this.#run;
        const settle = (make) => (value) => {
            if (run === this.#run) this.#outcome = make(value);
        };
        asyncCall(start, globalThis, []).then(settle(fulfilled), settle(rejected));
        return this.#goOn();
    }

    resume(answers) {
        if (!this.#running) {
            const said = "nothing is paused that could go on";
            return finished("raised", { name: "Error", message: said, trace: null });
        }
        if (answers.length > 0) this.#switchboard.answer(answers);
        else timers.skip();
        return this.#goOn();
    }

    abandon() {
        this.#run++;
        this.#end();
    }

    #goOn() {
        runJobs();
        while (this.#outcome === null) {
            try {
                if (!timers.ring()) break;
            } catch (error) {
                // Nobody could catch it: it ends the run.
                this.#outcome = rejected(error);
            }
            runJobs();
        }
        if (this.#outcome !== null) {
            const step = this.#outcome;
            this.#end();
            return step;
        }
        return { tag: "paused", val: { calls: this.#switchboard.takeMade(), wakeAfter: timers.wakeAfter() } };
    }

    #end() {
        this.#running = false;
        this.#outcome = null;
        for (const reason of takeUnhandled()) warn("Unhandled rejection:", reason);
        for (const tool of this.#switchboard.close()) warn(`tools.${tool}() was not awaited, and is not called`);
        dropJobs();
        timers.dropTimers();
        resetPrint();
    }
}

const finished = (tag, val) => ({ tag: "finished", val: { tag, val } });

function fulfilled(value) {
    try {
        return finished("value", result(value));
    } catch (error) {
        return rejected(error);
    }
}

function rejected(error) {
    try {
        if (error instanceof Error) {
            return finished("raised", { name: String(error.name), message: String(error.message), trace: trace(error) });
        }
        return finished("raised", { name: "Uncaught", message: print(error), trace: null });
    } catch {
        return finished("raised", { name: "Error", message: "<an error that cannot be shown>", trace: null });
    }
}

/** As engines of the language show it. */
function trace(error) {
    const frames = ownFrames(error);
    return frames.length === 0 ? null : [`${error.name}: ${error.message}`, ...frames].join("\n");
}
