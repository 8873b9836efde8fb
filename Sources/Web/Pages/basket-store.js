// What this browser keeps of a basket: its lines, the idempotency key of their checkout, and the checkout that has no
// answer yet. All tabs share it. Each change reads the stored state first, so that no tab overwrites another one's change.

import { randomKey } from "./keys.js";

const place = "stampede.basket";

export class BasketStore {
    /** The state if the browser stores nothing; null if it does. */
    #memory = null;

    /** @param changed called when another tab changed the basket, and when the browser shows a page that it had set aside. */
    constructor(changed) {
        window.addEventListener("storage", (event) => {
            if (event.key === place || event.key === null) changed();
        });
        window.addEventListener("pageshow", (event) => {
            if (event.persisted) changed();
        });
        if (this.read().key === null) this.change(() => {});
    }

    /** False if the basket lives only as long as the page. */
    get isKept() { return this.#memory === null; }

    read() {
        if (this.#memory) return structuredClone(this.#memory);
        try {
            return parsed(localStorage.getItem(place));
        } catch {
            this.#memory = parsed(null);
            return parsed(null);
        }
    }

    /**
     * Reads, changes and writes the state.
     *
     * *Guarantee*: a key belongs to the lines of one basket. Two tabs that order the same basket send the same key, and the
     * shop makes one order; other lines get another key.
     */
    change(edit) {
        const state = this.read();
        const before = contents(state.lines);
        edit(state);
        if (state.key === null || contents(state.lines) !== before) state.key = randomKey();
        try {
            localStorage.setItem(place, JSON.stringify(state));
            this.#memory = null;
        } catch {
            this.#memory = state;
        }
    }
}

const contents = (lines) => JSON.stringify(lines.map(({ id, quantity }) => [id, quantity]));

/** Whoever can write to the storage can write anything: what is no basket is left out. */
function parsed(text) {
    let value = null;
    try {
        value = JSON.parse(text ?? "null");
    } catch {
        // an empty basket
    }
    // Once, a basket was a list of pairs.
    const lines = Array.isArray(value) ? value.map((pair) => ({ id: pair?.[0], quantity: pair?.[1] })) : value?.lines;
    const attempt = value?.attempt;
    const isAttempt = typeof attempt?.key === "string" && typeof attempt.body === "string" && Array.isArray(attempt.lines);
    return {
        lines: validLines(lines),
        key: typeof value?.key === "string" ? value.key : null,
        attempt: isAttempt ? { ...attempt, lines: validLines(attempt.lines) } : null,
    };
}

function validLines(lines) {
    if (!Array.isArray(lines)) return [];
    const seen = new Set();
    return lines.filter((line) => {
        const isLine = typeof line?.id === "string" && Number.isSafeInteger(line.quantity) && line.quantity > 0 && !seen.has(line.id);
        if (isLine) seen.add(line.id);
        return isLine;
    });
}
