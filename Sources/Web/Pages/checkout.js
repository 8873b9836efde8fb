// Places an order. The attempt is kept with its key and the bytes of its request until an answer is certain: a retry, by
// itself, after a reload or from another tab, cannot make a second order.

import { byId, say } from "./elements.js";
import { keepToken } from "./tokens.js";

const maximumTries = 6;
const longestPause = 30;
const requestTimeout = 15_000;

export class Checkout {
    #basket;
    #refresh;
    #placed;
    #isSending = false;
    /** What became of the last attempt. */
    #note = "";

    /**
     * @param refresh reads the catalogue again
     * @param placed called with the order, and with what its customer should know about it
     */
    constructor(basket, refresh, placed) {
        this.#basket = basket;
        this.#refresh = refresh;
        this.#placed = placed;
        byId("checkout").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#begin();
        });
        byId("again").addEventListener("click", () => this.#send(this.#basket.attempt));
        byId("give-up").addEventListener("click", () => this.#giveUp());
        this.update();
    }

    update() {
        const attempt = this.#basket.attempt;
        const isWaiting = attempt !== null && !this.#isSending;
        byId("checkout-again").hidden = !isWaiting;
        byId("pay").disabled = this.#isSending || attempt !== null || !this.#basket.isOrderable;
        say(byId("checkout-note"),
            isWaiting ? "An order was sent from this browser, and its answer has not come. Sending it again is safe: it carries the same key."
            : (this.#isSending ? null : this.#basket.obstacle) ?? this.#note);
    }

    #tell(note) {
        this.#note = note;
        this.update();
    }

    async #begin() {
        if (byId("pay").disabled) return;
        this.#isSending = true;
        this.#tell("Ordering …");
        await this.#refresh();
        this.#isSending = false;
        const changes = this.#basket.priceChanges;
        if (changes.length > 0) {
            this.#basket.acceptPrices();
            return this.#tell(`Not ordered yet. ${changes.join(" ")} Order again if you agree.`);
        }
        this.#note = "";
        this.update();
        if (byId("pay").disabled) return this.#tell(this.#basket.pieces === 0 ? "The basket was ordered or emptied in another tab." : "");
        const attempt = this.#basket.begin((lines, currency) => JSON.stringify({
            customerId: "storefront", email: byId("email").value.trim(), currency, cardToken: byId("card").value, lines,
        }));
        if (!attempt) return this.#tell("The basket was changed in another tab. Look at it, and order again.");
        await this.#send(attempt);
    }

    /** The same key and the same bytes, however often. */
    async #send(attempt) {
        if (!attempt || this.#isSending) return this.update();
        this.#isSending = true;
        const [note, order, remark] = await this.#ask(attempt);
        this.#isSending = false;
        this.#tell(note);
        if (order) this.#placed(order, remark);
    }

    /** What to say, and the order if there is one. */
    async #ask(attempt) {
        for (let number = 1; ; number += 1) {
            this.#tell(number === 1 ? "Ordering …" : `Ordering … (try ${number}, with the same key)`);
            const { status, body, retryAfter } = await post(attempt);
            if (status === 202) {
                keepToken(body.orderId, body.token);
                this.#basket.ordered(attempt);
                return ["", body.orderId, difference(attempt, body.total)];
            }
            if (status === 422 && body.type === "urn:stampede:problem:idempotency-key-reused") {
                this.#basket.forget(attempt);
                return ["This basket was ordered before, with another address or card, and that order stands. To order the same once more, change the basket."];
            }
            if (isFinal(status)) {
                this.#basket.forget(attempt);
                return [`Not taken: ${body.detail ?? `status ${status}`}`];
            }
            if (number === maximumTries) return [""];
            await pause(retryAfter ?? Math.min(2 ** (number - 1), 8));
            if (this.#basket.isGivenUp(attempt)) return ["The order was given up in another tab. Whether it was taken is not known."];
        }
    }

    #giveUp() {
        const attempt = this.#basket.attempt;
        if (attempt) this.#basket.forget(attempt);
        this.#tell("The basket is as it was. Whether the order was taken is not known; ordering the same basket again makes no second order.");
    }
}

/** Whether a retry would be refused like the attempt. */
const isFinal = (status) => status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429;

/** The answer; its status is null if no whole one came. */
async function post({ key, body }) {
    try {
        const answer = await fetch("/v1/orders", {
            method: "POST", body, signal: AbortSignal.timeout(requestTimeout),
            headers: { "Content-Type": "application/json", "Idempotency-Key": key },
        });
        const seconds = Number(answer.headers.get("Retry-After"));
        return {
            status: answer.status,
            body: await answer.json().catch((error) => { if (answer.ok) throw error; return {}; }),
            retryAfter: seconds > 0 ? Math.min(seconds, longestPause) : null,
        };
    } catch {
        return { status: null, body: {}, retryAfter: null };
    }
}

/** The catalogue may change between a look and an order: the customer is told. */
function difference(attempt, total) {
    return attempt.total === String(total?.amount) ? "" : "A price changed while you ordered: the total below is what counts. If you do not agree, cancel the order.";
}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
