// The basket: what is wanted, kept in this browser until it is ordered.

import { element, list, say } from "./elements.js";

const place = "stampede.basket";

export class Basket {
    #wanted = new Map();
    #products = new Map();
    #parent;
    #changed;

    constructor(parent, changed) {
        this.#parent = parent;
        this.#changed = changed;
        try {
            this.#wanted = new Map(JSON.parse(localStorage.getItem(place) ?? "[]"));
        } catch {
            // what was kept cannot be read: an empty basket
        }
    }

    /** The catalogue; what is no longer in it leaves the basket. */
    know(products) {
        this.#products = new Map(products.map((product) => [product.productId, product]));
        for (const id of this.#wanted.keys()) if (!this.#products.has(id)) this.#wanted.delete(id);
        this.#keep();
    }

    add(id, pieces) { this.#set(id, (this.#wanted.get(id) ?? 0) + pieces); }

    clear() {
        this.#wanted.clear();
        this.#keep();
    }

    /** As the API takes them. */
    get lines() {
        return [...this.#wanted].map(([productId, quantity]) => ({ productId, quantity }));
    }

    /** Minor units by currency; the shop counts anew, and its sum is the one that is charged. */
    get totals() {
        const totals = new Map();
        for (const [id, quantity] of this.#wanted) {
            const price = this.#products.get(id)?.price;
            if (!price) continue;
            totals.set(price.currency, (totals.get(price.currency) ?? 0n) + BigInt(price.amount) * BigInt(quantity));
        }
        return [...totals];
    }

    #set(id, quantity) {
        if (Number.isSafeInteger(quantity) && quantity > 0) this.#wanted.set(id, quantity);
        else this.#wanted.delete(id);
        this.#keep();
    }

    #keep() {
        try {
            localStorage.setItem(place, JSON.stringify([...this.#wanted]));
        } catch {
            // a browser that keeps nothing: the basket lives as long as the page
        }
        this.#show();
        this.#changed();
    }

    #show() {
        list(this.#parent, this.lines, () => this.#emptyLine(), (item, { productId, quantity }) => {
            const [name, pieces, remove] = item.children;
            const product = this.#products.get(productId)?.name ?? productId;
            say(name, product);
            pieces.name = productId;
            if (document.activeElement !== pieces) pieces.value = quantity;
            pieces.setAttribute("aria-label", `Pieces of ${product}`);
            remove.value = productId;
            remove.setAttribute("aria-label", `Remove ${product}`);
        });
    }

    #emptyLine() {
        const pieces = element("input", { type: "number", min: 1, step: 1 });
        pieces.addEventListener("change", () => this.#set(pieces.name, Number(pieces.value)));
        const remove = element("button", { type: "button" }, "Remove");
        remove.addEventListener("click", () => this.#set(remove.value, 0));
        return element("li", {}, element("span", { className: "name" }), pieces, remove);
    }
}
