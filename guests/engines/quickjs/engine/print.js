// What the code prints, handed to the host line by line: code that is stopped in an endless loop has no moment for it
// afterwards.

import host from "yoi:ptc/host@1.0.0";

import { print } from "./values.js";

let indent = "";
const counts = new Map();

function say(to, values) {
    // `%s` and its kin, as everywhere.
    const [first, ...rest] = values;
    let text;
    if (typeof first === "string" && first.includes("%")) {
        text = first.replace(/%[sdifoOj%]/g, (mark) => {
            if (mark === "%%") return "%";
            if (rest.length === 0) return mark;
            const value = rest.shift();
            if (mark === "%d" || mark === "%i") return String(mark === "%i" ? Math.trunc(Number(value)) : Number(value));
            if (mark === "%f") return String(Number(value));
            return print(value);
        });
        text = [text, ...rest.map(print)].join(" ");
    } else {
        text = values.map(print).join(" ");
    }
    host.write(to, `${indent}${text.replaceAll("\n", `\n${indent}`)}\n`.toWellFormed());
}

const out = (...values) => say("stdout", values);
const err = (...values) => say("stderr", values);

export const warn = err;

export const console = {
    log: out,
    info: out,
    debug: out,
    dir: (value) => out(value),
    table: (value) => out(value),
    warn: err,
    error: err,
    trace: (...values) => err("Trace:", ...values),
    assert: (holds, ...values) => holds || err("Assertion failed:", ...values),
    count: (label = "default") => {
        counts.set(label, (counts.get(label) ?? 0) + 1);
        out(`${label}: ${counts.get(label)}`);
    },
    group: (...values) => {
        if (values.length > 0) out(...values);
        indent += "  ";
    },
    groupEnd: () => {
        indent = indent.slice(2);
    },
};

/** What one run has set is not the next one's. */
export function resetPrint() {
    indent = "";
}
