// The code, written anew: without async functions, and so that what it defines outlives the run.
//
// Every line stays the line that it was, so that errors name those of the author.

import { parse } from "acorn";

/** What stands for async things: names of globals that `session` defines. */
export const NAMES = {
    call: "__ptc_call",
    generator: "__ptc_generator",
    awaiting: "__ptc_await",
    delegating: "__ptc_delegate",
    iterator: "__ptc_iterator",
};

/** Code for a function that gives a generator of the run. Throws a SyntaxError. */
export function rewrite(source) {
    const ends = [];
    const program = parse(source, {
        ecmaVersion: "latest",
        onInsertedSemicolon: (end) => ends.push(end),
        sourceType: "script",
        allowAwaitOutsideFunction: true,
        allowReturnOutsideFunction: true,
        allowHashBang: true,
    });
    return new Rewriter(source, ends).program(program);
}

class Rewriter {
    #source;
    // Where a statement ends without a semicolon, and another line goes on behind it: in ascending order.
    #ends;
    // Names of helpers are numbered, for loops inside of loops.
    #loops = 0;

    constructor(source, ends) {
        this.#source = source.startsWith("#!") ? `//${source.slice(2)}` : source;
        this.#ends = ends.filter((end) => /\n[^]*[^}]$/.test(this.#source.slice(end, this.#skip(end) + 1)));
    }

    program(program) {
        const names = [];
        const functions = [];
        const body = this.#pieces({ start: 0, end: this.#source.length }, program.body, "async", (statement, index) => {
            const isLast = index === program.body.length - 1;
            switch (statement.type) {
                case "VariableDeclaration":
                    if (statement.kind.endsWith("using")) return undefined;
                    for (const { id } of statement.declarations) names.push(...bound(id));
                    return this.#declaration(statement);
                case "FunctionDeclaration":
                    functions.push(statement.id.name);
                    return undefined;
                case "ClassDeclaration":
                    names.push(statement.id.name);
                    return `${statement.id.name} = ${this.#text(statement, "async")};`;
                case "ExpressionStatement":
                    return isLast ? `return (${this.#text(statement.expression, "async")});` : undefined;
            }
            return undefined;
        });
        const known = names.map((name) => `if (!(${JSON.stringify(name)} in globalThis)) globalThis.${name} = undefined; `);
        const kept = functions.map((name) => `globalThis.${name} = ${name}; `);
        // On the first line, which keeps its number.
        return `(function* () { ${known.join("")}${kept.join("")}${body}\n})`;
    }

    /** Declarations as assignments: their names are globals. */
    #declaration(statement) {
        const assigned = statement.declarations
            .filter(({ init }) => init || statement.kind !== "var")
            .map(({ id, init }) => {
                const value = init ? this.#text(init, "async") : "undefined";
                return `${this.#text(id, "async")} = ${value}`;
            });
        return assigned.length > 0 ? `(${assigned.join(", ")});${this.#lines(statement, assigned)}` : ";";
    }

    /** The line ends of a declaration that its pieces have lost. */
    #lines(node, pieces) {
        const count = (text) => text.split("\n").length - 1;
        const had = count(this.#source.slice(node.start, node.end));
        const has = pieces.reduce((sum, piece) => sum + count(piece), 0);
        return "\n".repeat(Math.max(0, had - has));
    }

    /** A node's text. `inside` says in what function it is: "sync", "async" or "generator", an async one. */
    #text(node, inside) {
        switch (node.type) {
            case "FunctionDeclaration":
            case "FunctionExpression":
                return this.#function(node);
            case "ArrowFunctionExpression":
                return this.#arrow(node, inside);
            case "MethodDefinition":
            case "Property":
                return node.value?.type === "FunctionExpression" && (node.method || node.type === "MethodDefinition")
                    ? this.#method(node, inside)
                    : this.#children(node, inside);
            case "PropertyDefinition":
            case "StaticBlock":
                return this.#children(node, "sync");
            case "AwaitExpression": {
                const argument = this.#text(node.argument, inside);
                return inside === "generator" ? `(yield ${NAMES.awaiting}(${argument}))` : `(yield (${argument}))`;
            }
            case "YieldExpression":
                return inside === "generator" && node.delegate
                    ? `(yield ${NAMES.delegating}(${this.#text(node.argument, inside)}))`
                    : this.#children(node, inside);
            case "ForOfStatement":
                return node.await ? this.#forAwait(node, inside, "") : this.#children(node, inside);
            case "LabeledStatement":
                return this.#labeled(node, inside);
            case "ImportExpression":
                throw new SyntaxError("there are no modules to import");
            default:
                return this.#children(node, inside);
        }
    }

    #children(node, inside) {
        return this.#pieces(node, children(node), inside, () => undefined);
    }

    /** The text between nodes as it is, and their own written anew; by `own` where that has something. */
    #pieces({ start, end }, nodes, inside, own) {
        let text = "";
        nodes.forEach((node, index) => {
            text += this.#between(start, node.start);
            text += own(node, index) ?? this.#text(node, inside);
            start = node.end;
        });
        return text + this.#between(start, end);
    }

    /**
     * The text from one place to another, with the semicolons that it has by its lines alone: what is written anew may
     * begin with a parenthesis, and would go on where the line before it ended.
     */
    #between(start, end) {
        let text = "";
        for (const at of this.#ends) {
            if (at < start || at >= end) continue;
            text += `${this.#source.slice(start, at)};`;
            start = at;
        }
        return text + this.#source.slice(start, end);
    }

    #function(node) {
        if (!node.async) return this.#children(node, "sync");
        const open = this.#opening(node.id ? node.id.end : this.#after(node.start, "function"));
        const name = node.id ? ` ${node.id.name}` : "";
        return `function${name}() { ${this.#wrapped(node, open)} }`;
    }

    #method(node, inside) {
        const { value } = node;
        if (!value.async) return this.#children(node, inside);
        const before = this.#source
            .slice(node.start, node.key.start)
            .replace(/\basync\b/, "")
            .replace("*", "");
        const key = this.#text(node.key, inside) + this.#source.slice(node.key.end, value.start);
        return `${before}${key}() { ${this.#wrapped(value, value.start)} }`;
    }

    /** `return call(function* (…) {…}, this, arguments)`. */
    #wrapped(node, open) {
        refuseSuper(node.body);
        const inside = node.generator ? "generator" : "async";
        const call = node.generator ? NAMES.generator : NAMES.call;
        const parts = [...node.params, node.body];
        const text = this.#pieces({ start: open, end: node.end }, parts, inside, () => undefined);
        return `return ${call}(function* ${text}, this, arguments);`;
    }

    #arrow(node, inside) {
        if (!node.async) {
            // One that is not async has no await of its own.
            return this.#children(node, "sync");
        }
        refuseSuper(node.body);
        [...node.params, node.body].forEach(refuseArguments);
        const start = this.#after(node.start, "async");
        const arrow = this.#after(node.params.at(-1)?.end ?? start, "=>");
        let params = this.#pieces({ start, end: arrow - 2 }, node.params, "sync", () => undefined).trim();
        if (!params.startsWith("(")) params = `(${params})`;
        const gap = this.#source.slice(arrow, node.body.start);
        const body = this.#text(node.body, "async");
        const rest = this.#source.slice(node.body.end, node.end);
        const block = node.expression ? `{ return (${gap}${body}${rest}); }` : `${gap}${body}`;
        return `((...$) => ${NAMES.call}(function* ${params} ${block}, this, $))`;
    }

    /** Labels of a loop that becomes another stay with the loop. */
    #labeled(node, inside) {
        let [labels, body] = ["", node];
        for (; body.type === "LabeledStatement"; body = body.body) labels += `${body.label.name}: `;
        const becomesAnother = body.type === "ForOfStatement" && body.await;
        return becomesAnother ? this.#forAwait(body, inside, labels) : this.#children(node, inside);
    }

    #forAwait(node, inside, labels) {
        const [iterator, turn, done] = ["i", "t", "d"].map((name) => `__ptc_${name}${this.#loops}`);
        this.#loops++;
        const wait = (text) => (inside === "generator" ? `(yield ${NAMES.awaiting}(${text}))` : `(yield (${text}))`);
        const left =
            node.left.type === "VariableDeclaration"
                ? `${node.left.kind} ${this.#text(node.left.declarations[0].id, inside)}`
                : `(${this.#text(node.left, inside)})`;
        const semicolon = node.left.type === "VariableDeclaration" ? "" : ";";
        return (
            `{ const ${iterator} = ${NAMES.iterator}(${this.#text(node.right, inside)}); let ${turn}, ${done} = true; ` +
            `try { ${labels}while (${done} = true, !(${turn} = ${wait(`${iterator}.next()`)}).done) { ${done} = false; ` +
            `${semicolon}${left} = ${turn}.value; ${this.#text(node.body, inside)} } } ` +
            `finally { if (!${done} && ${iterator}.return) ${wait(`${iterator}.return()`)}; } }`
        );
    }

    /** Where a word ends that comes next but for spaces and comments. */
    #after(from, word) {
        const at = this.#skip(from);
        if (this.#source.startsWith(word, at)) return at + word.length;
        // `async` before `function`, and a closing parenthesis before an arrow.
        const next = at + (/^\w+|./s.exec(this.#source.slice(at))?.[0].length ?? 1);
        return this.#after(next, word);
    }

    /** Where the parameters of a function begin. */
    #opening(from) {
        return this.#after(from, "(") - 1;
    }

    #skip(from) {
        return from + /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/.exec(this.#source.slice(from))[0].length;
    }
}

/** The nodes right below one, in the order of the text. */
function children(node) {
    const found = [];
    for (const [key, value] of Object.entries(node)) {
        // `{a}` and `{a = 1}` have their name twice, as key and in the value.
        if (key === "type" || (key === "key" && node.shorthand)) continue;
        for (const child of Array.isArray(value) ? value : [value]) {
            if (typeof child?.type === "string") found.push(child);
        }
    }
    return found.sort((a, b) => a.start - b.start);
}

/** The names that a pattern binds. */
function bound(pattern) {
    switch (pattern?.type) {
        case "Identifier":
            return [pattern.name];
        case "ObjectPattern":
            return pattern.properties.flatMap((property) => bound(property.value ?? property.argument));
        case "ArrayPattern":
            return pattern.elements.flatMap(bound);
        case "AssignmentPattern":
            return bound(pattern.left);
        case "RestElement":
            return bound(pattern.argument);
        default:
            return [];
    }
}

/** An async method becomes a method with a generator in it, where `super` means nothing. */
function refuseSuper(node) {
    if (node.type === "Super") throw new SyntaxError("this engine has no `super` inside of async methods");
    if (node.type === "ClassBody" || node.type === "FunctionExpression") return;
    children(node).forEach(refuseSuper);
}

/** An async arrow becomes a function in an arrow, whose `arguments` are not those of the function around it. */
function refuseArguments(node) {
    if (node.type === "Identifier" && node.name === "arguments") {
        throw new SyntaxError("this engine has no `arguments` inside of async arrow functions");
    }
    if (node.type === "FunctionExpression" || node.type === "FunctionDeclaration") return;
    const name = node.computed ? undefined : (node.property ?? node.key);
    children(node)
        .filter((child) => child !== name)
        .forEach(refuseArguments);
}
