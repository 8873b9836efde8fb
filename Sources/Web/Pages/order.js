// The page of one order: follows its status, and says what is known of what is under way.

import { byId, element, list, row, say } from "./elements.js";
import { count, money, orderId, words } from "./format.js";
import { opening, takeTokenFromAddress, tokenOf, tokensAreKept } from "./tokens.js";

const between = 400;
const afterFailure = 2000;

export class OrderPage {
    #order = null;
    /** Counts what was looked at: a loop that follows something else ends. */
    #turn = 0;

    constructor() {
        window.addEventListener("popstate", () => this.#route());
        // A page that the browser had set aside shows what was so then.
        window.addEventListener("pageshow", (event) => { if (event.persisted) this.#route(); });
        byId("order-cancel").addEventListener("click", () => this.#cancel());
        this.#route();
    }

    /** @param remark what its customer should know besides */
    open(order, remark = "") {
        history.pushState(null, "", `/orders/${order}`);
        this.#route();
        say(byId("order-remark"), [remark, tokensAreKept() ? "" : notKept].filter((text) => text).join(" "));
    }

    #route() {
        this.#order = orderId(location.pathname);
        takeTokenFromAddress(this.#order);
        byId("order").hidden = !this.#order;
        for (const other of ["shelf", "basket"]) byId(other).hidden = this.#order !== null;
        this.#turn += 1;
        if (!this.#order) return;
        say(byId("order-id"), this.#order);
        say(byId("order-headline"), "looking …");
        for (const part of ["note", "remark", "total"]) say(byId(`order-${part}`), "");
        byId("order-steps").replaceChildren();
        byId("order-lines").replaceChildren();
        byId("order-cancel").hidden = true;
        if (tokenOf(this.#order)) this.#follow(this.#order, this.#turn);
        else this.#turnAway();
        byId("order").focus({ preventScroll: true });
        scrollTo(0, 0);
    }

    /** Somebody else's order looks like one that there never was: nobody is asked. */
    #turnAway() {
        say(byId("order-headline"), "This order was not placed in this browser.");
        say(byId("order-note"), "Open it where it was placed: only there is what opens it.");
    }

    /** Until the order is settled, or another is looked at. */
    async #follow(id, turn) {
        let wait = "";
        while (this.#turn === turn) {
            try {
                const headers = opening(id);
                const [answer, shelf] = await Promise.all([
                    fetch(`/v1/orders/${id}${wait}`, { headers }), fetch(`/storefront/orders/${id}`, { headers }),
                ]);
                if (isPassing(answer.status)) throw new Error(`status ${answer.status}`);
                const order = await answer.json();
                if (this.#turn !== turn) return;
                if (answer.status === 403) return this.#turnAway();
                if (!answer.ok) return say(byId("order-headline"), order.detail ?? "It cannot be shown.");
                // A hint; without it the order's own status is shown.
                const { stock } = shelf.ok ? await shelf.json() : {};
                this.#show(order, stock ?? null);
                if (order.status === "cancelled") return;
                if (order.status === "confirmed" && !order.cancellationRequested) return;
                // Once the stock is set aside, nothing changes here but the end, and the shop answers when it is there.
                wait = stock === "reserved" && order.status === "pending" ? "?wait=5s" : "";
                await pause(between);
            } catch {
                if (this.#turn !== turn) return;
                say(byId("order-note"), "The shop does not answer; what was accepted is kept. Trying again …");
                await pause(afterFailure);
            }
        }
    }

    #show(order, stock) {
        const { headline, note, steps } = tell(order, stock);
        say(byId("order-headline"), headline);
        say(byId("order-note"), note);
        const make = () => element("li", {}, element("b"), element("span", { className: "state" }));
        list(byId("order-steps"), steps, make, (item, [name, mark, state]) => {
            item.className = mark;
            say(item.children[0], name);
            say(item.children[1], state);
        });
        list(byId("order-lines"), order.lines, row("", "number", "number"), (item, line) => {
            say(item.children[0], line.productId);
            say(item.children[1], count(line.quantity));
            say(item.children[2], money(line.unitPrice, order.total.currency));
        });
        say(byId("order-total"), money(order.total.amount, order.total.currency));
        const cancel = byId("order-cancel");
        cancel.hidden = order.status === "cancelled";
        cancel.disabled = order.cancellationRequested;
        say(cancel, order.cancellationRequested ? "Cancellation requested"
            : order.status === "confirmed" ? "Cancel and be paid back" : "Cancel this order");
    }

    async #cancel() {
        const id = this.#order;
        byId("order-cancel").disabled = true;
        try {
            const answer = await fetch(`/v1/orders/${id}`, { method: "DELETE", headers: opening(id) });
            if (isPassing(answer.status)) throw new Error(`status ${answer.status}`);
            if (this.#order !== id) return;
            if (answer.ok) return this.#route();
            const problem = await answer.json().catch(() => ({}));
            say(byId("order-remark"), `Not cancelled: ${problem.detail ?? `status ${answer.status}`}.`);
        } catch {
            if (this.#order === id) say(byId("order-remark"), "The shop did not answer. Whether the cancellation arrived is not known; asking again is safe.");
        }
        byId("order-cancel").disabled = false;
    }
}

const notKept = "This browser stores nothing for this page: the order can be opened only until the page is closed.";

/** Whether asking again may help. */
const isPassing = (status) => status >= 500 || status === 429 || status === 408;

const pause = (time) => new Promise((done) => setTimeout(done, time));

/** What is known, what is under way, and what nobody here can know yet. */
function tell(order, stock) {
    const accepted = ["Accepted", "done", "on disk: it will not be lost"];
    if (order.status === "confirmed") {
        return {
            headline: order.cancellationRequested ? "Paid for; your cancellation is under way." : "Confirmed.",
            note: order.cancellationRequested ? "What was charged is paid back; then the order is cancelled." : "A confirmation is on its way to you by mail. You can still cancel the order, and are paid back then.",
            steps: [accepted, ["Stock", "done", "set aside for you"], ["Payment", "done", "charged, once"], ["Confirmed", "done", order.cancellationRequested ? "until you are paid back" : "paid, and yours"]],
        };
    }
    if (order.status === "cancelled") return cancelled(order, accepted);
    const isReserved = stock === "reserved";
    return {
        headline: isReserved ? "Reserved for you, being paid." : "Accepted. Stock is being set aside.",
        note: order.cancellationRequested
            ? "You asked for its cancellation: Payment decides whether it comes before the charge or is paid back."
            : "Each step is another service's; this page hears of it a moment later.",
        steps: [
            accepted,
            isReserved ? ["Stock", "done", "set aside for you"] : ["Stock", "now", "Inventory is asked"],
            isReserved ? ["Payment", "now", "your card is being charged"] : ["Payment", "", "waits for the stock"],
            ["Outcome", "", "not known yet"],
        ],
    };
}

function cancelled(order, accepted) {
    const reasons = {
        soldOut: ["Sold out.", "failed", "not enough was left", "", "nothing was charged"],
        paymentDeclined: ["Your card was declined.", "done", "released again", "failed", "declined, nothing was charged"],
        paymentExpired: ["Payment came too late.", "done", "released again", "failed", "expired, nothing was charged"],
        refunded: ["Cancelled and paid back.", "done", "released again", "done", "charged, and paid back"],
        cancelledByCustomer: ["Cancelled, as you asked.", "done", "released again", "", "nothing was charged"],
    };
    const [headline, stockMark, stockText, payMark, payText] =
        reasons[order.reason] ?? [`Cancelled: ${words(order.reason ?? "no reason given")}.`, "", "not needed", "", "not needed"];
    return {
        headline, note: "This is final.",
        steps: [accepted, ["Stock", stockMark, stockText], ["Payment", payMark, payText], ["Cancelled", "failed", "final"]],
    };
}
