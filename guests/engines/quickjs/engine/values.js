// Values, across the boundary and for people.

// How deep a value may be nested, on the way out.
const DEPTH = 500;
// Most characters of what is shown of a value that JSON has no place for.
const SHOWN = 4000;
// What is shown of a value that is printed.
const PRINTED_DEPTH = 4;
const PRINTED_ITEMS = 100;

/** The result of a run, as JSON: what has no place there is shown as it would be printed. */
export const result = (value) => write(value, true, 0, []) ?? "null";

/** A call's arguments, as JSON. */
export const argument = (value) => (isFlat(value) ? JSON.stringify(value) : write(value, false, 0, []));

/** Whether it is a literal of scalars, as nearly all arguments are: `JSON.stringify` writes it as `write` would. */
function isFlat(value) {
    if (Object.getPrototypeOf(value) !== Object.prototype) return false;
    for (const key in value) {
        const item = value[key];
        const kind = typeof item;
        if (kind !== "number" && kind !== "string" && kind !== "boolean" && item !== null) return false;
    }
    return value.toJSON === undefined;
}

/** JSON, or undefined for what is left out of objects. */
function write(value, lenient, depth, around) {
    switch (typeof value) {
        case "string":
        case "boolean":
        case "number":
            return JSON.stringify(value);
        case "bigint":
            return String(value);
        case "undefined":
            return depth === 0 ? "null" : undefined;
        case "function":
        case "symbol":
            return shown(value, lenient);
    }
    if (value === null) return "null";
    if (around.includes(value)) throw new TypeError("the value contains itself");
    if (depth > DEPTH) throw new RangeError("the value is nested too deep");
    if (typeof value.toJSON === "function") return write(value.toJSON(), lenient, depth + 1, [...around, value]);
    const inside = [...around, value];
    if (Array.isArray(value)) {
        return `[${Array.from(value, (item) => write(item, lenient, depth + 1, inside) ?? "null").join(",")}]`;
    }
    if (value instanceof Number || value instanceof String || value instanceof Boolean) {
        return JSON.stringify(value);
    }
    if (!isPlain(value)) return shown(value, lenient);
    const members = [];
    for (const key of Object.keys(value)) {
        const text = write(value[key], lenient, depth + 1, inside);
        if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
    }
    return `{${members.join(",")}}`;
}

/** Objects that are data: literals, and instances of the code's own classes. */
function isPlain(value) {
    return !(
        value instanceof Error ||
        value instanceof Map ||
        value instanceof Set ||
        value instanceof RegExp ||
        value instanceof ArrayBuffer ||
        ArrayBuffer.isView(value) ||
        value instanceof Promise ||
        value instanceof WeakMap ||
        value instanceof WeakSet
    );
}

function shown(value, lenient) {
    if (!lenient) throw new TypeError(`JSON has no place for ${kind(value)}`);
    const text = print(value);
    return JSON.stringify(text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`);
}

const kind = (value) => (typeof value === "object" ? `a ${value.constructor?.name ?? "thing"}` : `a ${typeof value}`);

/** Where an error was raised, in the code alone: its author did not write this engine. */
export const ownFrames = (error) => String(error.stack ?? "").split("\n").filter((line) => line.includes("(<input>"));

/** A value as people read it. */
export const print = (value) => (typeof value === "string" ? value : inspect(value, 0, []));

function inspect(value, depth, around) {
    switch (typeof value) {
        case "string":
            return JSON.stringify(value);
        case "bigint":
            return `${value}n`;
        case "symbol":
            return value.toString();
        case "function":
            return `[${/^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "Function"} ${value.name || "(anonymous)"}]`;
        case "object":
            break;
        default:
            return Object.is(value, -0) ? "-0" : String(value);
    }
    if (value === null) return "null";
    if (value instanceof Error) return [String(value), ...ownFrames(value)].join("\n");
    if (value instanceof RegExp) return String(value);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (value instanceof Promise) return "Promise {}";
    if (around.includes(value)) return "[Circular]";
    const name = value.constructor?.name;
    if (depth >= PRINTED_DEPTH) return Array.isArray(value) ? "[Array]" : `[${name ?? "Object"}]`;
    const inside = [...around, value];
    const each = (items, text) => {
        const list = [...items];
        const shown = list.slice(0, PRINTED_ITEMS).map(text);
        if (list.length > shown.length) shown.push(`… ${list.length - shown.length} more`);
        return shown.join(", ");
    };
    const within = (item) => inspect(item, depth + 1, inside);
    if (Array.isArray(value)) return `[${each(value, within)}]`;
    if (ArrayBuffer.isView(value) && value.length !== undefined) return `${name}(${value.length}) [${each(value, within)}]`;
    if (value instanceof Map) return `Map(${value.size}) {${each(value, ([key, item]) => `${within(key)} => ${within(item)}`)}}`;
    if (value instanceof Set) return `Set(${value.size}) {${each(value, within)}}`;
    const members = each(Object.keys(value), (key) => `${/^[\w$]+$/.test(key) ? key : JSON.stringify(key)}: ${within(value[key])}`);
    return `${name && name !== "Object" ? `${name} ` : ""}{${members}}`;
}
