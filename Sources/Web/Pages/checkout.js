// Places an order: one key an attempt, kept with the very bytes it was sent with until an answer is certain.

import { byId, say } from "./elements.js";
import { keepToken } from "./tokens.js";

const place = "stampede.attempt";
const maximumTries = 6;

export class Checkout {
    #basket;
    #placed;
    #attempt = null;
    #isSending = false;

    constructor(basket, placed) {
        this.#basket = basket;
        this.#placed = placed;
        byId("checkout").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#begin();
        });
        byId("again").addEventListener("click", () => this.#send());
        byId("give-up").addEventListener("click", () => this.#end("The basket is as it was. Whether the order was taken is not known."));
        this.#attempt = recall();
        if (this.#attempt) say(byId("checkout-note"), "An order was sent from here, and its answer never came. Sending it again is safe: it carries the same key.");
        this.update();
    }

    update() {
        byId("checkout-again").hidden = !this.#attempt || this.#isSending;
        byId("pay").disabled = this.#isSending || this.#attempt !== null || this.#basket.totals.length !== 1;
        if (this.#basket.totals.length > 1) say(byId("checkout-note"), "One order is paid in one currency; leave only one in the basket.");
    }

    #begin() {
        if (byId("pay").disabled) return;
        const [[currency]] = this.#basket.totals;
        const body = JSON.stringify({
            customerId: "storefront", email: byId("email").value.trim(), currency,
            cardToken: byId("card").value, lines: this.#basket.lines,
        });
        // Made once: the shop answers a key it knows with the order it made for it, and makes no second one.
        this.#attempt = { key: crypto.randomUUID(), body };
        keep(this.#attempt);
        this.#send();
    }

    /** The same key and the same bytes, however often: no try can make a second order. */
    async #send() {
        this.#isSending = true;
        this.update();
        let note = null;
        for (let number = 1; this.#isSending; number += 1) {
            say(byId("checkout-note"), number === 1 ? "Ordering …" : `Ordering … (try ${number}, with the same key)`);
            const answer = await this.#ask();
            if (answer?.status === 202) {
                const { orderId, token } = await answer.json();
                keepToken(orderId, token);
                this.#basket.clear();
                this.#end("");
                return this.#placed(orderId);
            }
            if (answer && answer.status < 500) {
                const problem = await answer.json().catch(() => ({}));
                return this.#end(`Not taken: ${problem.detail ?? answer.status}`);
            }
            if (number === maximumTries) {
                note = "No answer. Whether the order was taken is not known; sending it again is safe.";
                break;
            }
            await pause((Number(answer?.headers.get("Retry-After")) || Math.min(2 ** (number - 1), 8)) * 1000);
        }
        this.#isSending = false;
        say(byId("checkout-note"), note ?? "");
        this.update();
    }

    /** Null where no answer came. */
    async #ask() {
        try {
            return await fetch("/v1/orders", {
                method: "POST", body: this.#attempt.body, signal: AbortSignal.timeout(15_000),
                headers: { "Content-Type": "application/json", "Idempotency-Key": this.#attempt.key },
            });
        } catch {
            return null;
        }
    }

    #end(note) {
        this.#attempt = null;
        this.#isSending = false;
        keep(null);
        say(byId("checkout-note"), note);
        this.update();
    }
}

const pause = (time) => new Promise((done) => setTimeout(done, time));

function recall() {
    try {
        return JSON.parse(sessionStorage.getItem(place) ?? "null");
    } catch {
        return null;
    }
}

function keep(attempt) {
    try {
        if (attempt) sessionStorage.setItem(place, JSON.stringify(attempt));
        else sessionStorage.removeItem(place);
    } catch {
        // a browser that keeps nothing: a reload forgets the attempt
    }
}
