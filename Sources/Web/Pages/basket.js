// The basket: what is wanted, at which price, and whether it can be ordered.

import { BasketStore } from "./basket-store.js";
import { element, say } from "./elements.js";
import { count, money } from "./format.js";

/** The most that the shop can be configured to take in one line. */
const maximumPieces = 1_000_000_000;

export class Basket {
    #store = new BasketStore(() => this.show());
    /** By id; null until the catalogue is here. */
    #products = null;
    /** By id; null if stock is not known. */
    #stock = null;
    #maximum = maximumPieces;
    #parent;
    #changed;
    /** Items of the list by product: a field that somebody types into never becomes another product's. */
    #items = new Map();
    /** Key of the lines that are shown. */
    #shownKey = null;

    constructor(parent, changed) {
        this.#parent = parent;
        this.#changed = changed;
    }

    /** The catalogue. */
    know(products) {
        this.#products = new Map(products.map((product) => [product.productId, product]));
        this.show();
    }

    /** Pieces by product, null if unknown, and the most pieces of one product that the shop takes in an order. */
    knowStock(pieces, maximum) {
        this.#stock = pieces;
        this.#maximum = Number.isSafeInteger(maximum) ? maximum : maximumPieces;
        this.show();
    }

    /** Adds one piece; what there is to say about it. */
    add(id) {
        const wanted = this.quantityOf(id) + 1;
        if (wanted > this.#maximum) return this.#limit;
        this.#set(id, wanted);
        return `${count(wanted)} in the basket`;
    }

    quantityOf(id) { return this.#lines.find((line) => line.id === id)?.quantity ?? 0; }

    get #lines() { return this.#store.read().lines; }

    get pieces() { return this.#lines.reduce((sum, line) => sum + line.quantity, 0); }

    /** False if the basket is lost when the page is closed. */
    get isKept() { return this.#store.isKept; }

    /** Minor units by currency. An estimate: the shop adds up its own prices, and its total is charged. */
    get totals() {
        const totals = new Map();
        for (const { id, quantity } of this.#lines) {
            const price = this.#products?.get(id)?.price;
            if (!price) continue;
            totals.set(price.currency, (totals.get(price.currency) ?? 0n) + BigInt(price.amount) * BigInt(quantity));
        }
        return [...totals];
    }

    /** Why the basket cannot be ordered as it is; null if it can, or if it is empty. */
    get obstacle() {
        const lines = this.#lines;
        if (lines.length === 0 || !this.#products) return null;
        if ([...this.#items.values()].some((item) => item.refused)) return "A number of pieces above cannot be ordered: change it first.";
        if (lines.some(({ id }) => !this.#products.has(id))) return "A product above is not sold any more: remove it first.";
        if (this.totals.length > 1) return "One order is paid in one currency: leave only one in the basket.";
        return null;
    }

    get isOrderable() { return this.#products !== null && this.#lines.length > 0 && this.obstacle === null; }

    // The checkout's part.

    get attempt() { return this.#store.read().attempt; }

    /**
     * Keeps the checkout of what is shown until it has an answer.
     * @param makeBody the request's body from its lines
     * @returns null if another tab has changed the basket, or orders it already
     */
    begin(makeBody) {
        let attempt = null;
        this.#store.change((state) => {
            if (state.attempt || state.key !== this.#shownKey) return;
            const [[currency, amount]] = this.totals;
            const body = makeBody(state.lines.map(({ id, quantity }) => ({ productId: id, quantity })), currency);
            attempt = state.attempt = { key: state.key, body, lines: state.lines, total: amount.toString() };
        });
        this.show();
        return attempt;
    }

    /** Takes what was ordered out of the basket, once, whichever tab hears of it first; what was added since stays. */
    ordered(attempt) {
        this.#store.change((state) => {
            if (state.attempt?.key !== attempt.key && state.key !== attempt.key) return;
            state.attempt = null;
            const ordered = new Map(attempt.lines.map(({ id, quantity }) => [id, quantity]));
            state.lines = state.lines
                .map((line) => ({ ...line, quantity: line.quantity - (ordered.get(line.id) ?? 0) }))
                .filter(({ quantity }) => quantity > 0);
        });
        this.show();
    }

    /** The checkout was refused or given up. The lines keep their key: if it was taken after all, it is not taken twice. */
    forget(attempt) {
        this.#store.change((state) => {
            if (state.attempt?.body === attempt.body) state.attempt = null;
        });
        this.show();
    }

    /** Whether somebody gave the attempt up, and ordered nothing since. */
    isGivenUp(attempt) {
        const { attempt: current, key } = this.#store.read();
        return current === null && key === attempt.key;
    }

    /** The catalogue's prices of now count as seen: what the customer was told of. */
    acceptPrices() {
        this.#store.change((state) => {
            for (const line of state.lines) line.price = this.#products?.get(line.id)?.price ?? line.price;
        });
        this.show();
    }

    /** What is said of prices that changed since the customer saw them. */
    get priceChanges() {
        return this.#lines.map((line) => this.#priceChange(line)).filter((text) => text !== null);
    }

    // The list.

    #nameOf(id) { return this.#products?.get(id)?.name ?? id; }

    get #limit() { return `at most ${count(this.#maximum)} pieces of one product in an order.`; }

    #set(id, quantity) {
        const item = this.#items.get(id);
        if (item) item.refused = item.edited = null;
        this.#store.change((state) => {
            const line = state.lines.find((line) => line.id === id);
            if (quantity === 0) state.lines = state.lines.filter((line) => line.id !== id);
            else if (line) line.quantity = quantity;
            else state.lines.push({ id, quantity, price: this.#products?.get(id)?.price });
        });
        this.show();
    }

    /** What was typed; what is no number of pieces is refused in words and changes nothing. */
    #typed(item) {
        const text = item.pieces.value.trim();
        const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
        if (number >= 1 && number <= this.#maximum) {
            return this.#set(item.id, number);
        }
        item.refused = number > this.#maximum || /^\d{16,}$/.test(text) ? `Too many: ${this.#limit}`
            : text === "" ? "How many pieces? To take the product out, press Remove."
            : "Not a number of pieces: write a whole number from 1, or press Remove.";
        this.show();
    }

    show() {
        const state = this.#store.read();
        this.#shownKey = state.key;
        const wanted = new Set(state.lines.map(({ id }) => id));
        for (const [id, item] of this.#items) {
            if (wanted.has(id)) continue;
            item.row.remove();
            this.#items.delete(id);
        }
        for (const line of state.lines) {
            let item = this.#items.get(line.id);
            if (!item) {
                item = this.#newItem(line.id);
                this.#items.set(line.id, item);
                this.#parent.append(item.row);
            }
            this.#fill(item, line);
        }
        this.#changed();
    }

    #fill(item, line) {
        const name = this.#nameOf(line.id);
        say(item.name, name);
        if (!item.refused && !item.edited && item.pieces.value !== String(line.quantity)) item.pieces.value = line.quantity;
        item.pieces.setAttribute("aria-label", `Pieces of ${name}`);
        item.pieces.setAttribute("aria-invalid", item.refused ? "true" : "false");
        item.remove.setAttribute("aria-label", `Remove ${name}`);
        const price = this.#products?.get(line.id)?.price;
        say(item.sum, price ? money((BigInt(price.amount) * BigInt(line.quantity)).toString(), price.currency) : "");
        const remarks = [item.refused, this.#shortage(line), this.#priceChange(line)].filter((text) => text);
        say(item.note, remarks.join(" "));
        item.note.hidden = remarks.length === 0;
    }

    #shortage({ id, quantity }) {
        if (!this.#products) return null;
        if (!this.#products.has(id)) return "Not sold any more.";
        if (this.#stock === null) return null;
        const left = Math.max(this.#stock[id] ?? 0, 0);
        return left === 0 ? "Sold out, as far as is known: an order with it will be cancelled."
            : left < quantity ? `Only ${count(left)} left, as far as is known.` : null;
    }

    #priceChange({ id, price: seen }) {
        const now = this.#products?.get(id)?.price;
        if (!now || !seen || (now.amount === seen.amount && now.currency === seen.currency)) return null;
        return `Price changed from ${money(seen.amount, seen.currency)} to ${money(now.amount, now.currency)}.`;
    }

    #newItem(id) {
        const name = element("span", { className: "name" });
        const pieces = element("input", { type: "text", inputMode: "numeric", autocomplete: "off" });
        const remove = element("button", { type: "button" }, "Remove");
        const sum = element("span", { className: "sum" });
        const note = element("p", { className: "note warn", role: "status" });
        note.id = `note-${encodeURIComponent(id)}`;
        pieces.setAttribute("aria-describedby", note.id);
        const row = element("li", {}, name, sum, pieces, remove, note);
        const item = { id, row, name, pieces, remove, sum, note, refused: null, edited: null };
        pieces.addEventListener("input", () => { item.edited = true; });
        pieces.addEventListener("change", () => this.#typed(item));
        remove.addEventListener("click", () => this.#set(id, 0));
        return item;
    }
}
