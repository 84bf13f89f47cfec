// setTimeout and its kin. Nobody waits here: the host is told when the next is due.

import host from "yoi:ptc/host@1.0.0";

const NANOS = 1e6;
// What a delay may be at most, as elsewhere: 24 days.
const LONGEST = 2 ** 31 - 1;

let timers = [];
let lastId = 0;
// How far these timers are ahead of the host's clock, in milliseconds. See `skip`.
let ahead = 0;

const now = () => host.now() / NANOS + ahead;

function add(callback, delay, args, every) {
    if (typeof callback !== "function") throw new TypeError("a timer takes a function");
    delay = Math.min(Math.max(Number(delay) || 0, 0), LONGEST);
    const id = ++lastId;
    timers.push({ id, due: now() + delay, callback, args, every: every ? Math.max(delay, 1) : undefined });
    return id;
}

export const setTimeout = (callback, delay, ...args) => add(callback, delay, args, false);
export const setInterval = (callback, delay, ...args) => add(callback, delay, args, true);
export const setImmediate = (callback, ...args) => add(callback, 0, args, false);
export function clearTimeout(id) {
    timers = timers.filter((timer) => timer.id !== id);
}

const first = () =>
    timers.reduce((first, timer) => (first === undefined || timer.due < first.due ? timer : first), undefined);

/** Call the first that is due. Whether there was one. */
export function ring() {
    const timer = first();
    if (!timer || timer.due > now()) return false;
    if (timer.every === undefined) clearTimeout(timer.id);
    else timer.due = now() + timer.every;
    timer.callback(...timer.args);
    return true;
}

/** Nanoseconds until the next is due; null if there is none. */
export function wakeAfter() {
    const timer = first();
    return timer ? Math.ceil(Math.max(0, timer.due - now()) * NANOS) : null;
}

/** Let the next be due: the host says that its time has come, and a clock may stand, or be set back. */
export function skip() {
    const timer = first();
    if (timer) ahead += Math.max(0, timer.due - now());
}

export function dropTimers() {
    timers = [];
}
