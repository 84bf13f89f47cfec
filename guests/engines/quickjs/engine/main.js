// QuickJS as an engine of the world `yoi:ptc/engine`.
//
// This is read when the component is built, and an instance begins with the memory that was left then.
//
// The runtime has no way to let a promise go on inside of a synchronous export: its own promises stand still here. So
// code gets promises that this engine runs, and its async functions are written anew as generators, which is what they
// were written as before the language had them.
//
// - `rewrite`: the code, without async functions, and so that its names outlive the run
// - `promise`: promises, and the queue of what is ready
// - `drive`: what stands for async functions and async generators
// - `timers`: setTimeout and its kin
// - `tools`: the object `tools`, and its calls
// - `values`: values, across the boundary and for people
// - `print`: what the code prints
// - `session`: runs, and how they end

import { Session } from "./session.js";

const session = new Session();

export function run(code, tools) {
    return session.run(code, tools);
}

export function resume(answers) {
    return session.resume(answers);
}

export function abandon() {
    session.abandon();
}
