// The story of one order, at /orders/ID or #/orders/ID.

import { byId, element, list, say, shape } from "./elements.js";
import { clockToMilliseconds, eventName, milliseconds, money, orderId, words } from "./format.js";

export class Story {
    #order = null;
    #isSettled = false;
    #isAsking = false;

    constructor() {
        byId("search").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#search(byId("order").value);
        });
        byId("story-close").addEventListener("click", () => {
            history.pushState(null, "", "/");
            this.#route();
            byId("order").focus();
        });
        // A link to a story opens it here; with a key held down, the browser does as it always does.
        document.addEventListener("click", (event) => {
            const link = event.target.closest?.("a[href^='/orders/']");
            if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            this.#go(link.getAttribute("href"));
        });
        for (const name of ["popstate", "hashchange"]) window.addEventListener(name, () => this.#route());
        this.#route();
    }

    /** Once a second, while the order is on its way. */
    refresh() {
        if (this.#order && !this.#isSettled) this.#load();
    }

    #search(text) {
        const order = orderId(text);
        say(byId("search-problem"), order ? "" : "An id looks like 0199…-….-7…, 36 characters");
        if (order) this.#go(`/orders/${order}`);
    }

    #go(address) {
        history.pushState(null, "", address);
        this.#route();
    }

    #route() {
        const order = orderId(location.hash) ?? orderId(location.pathname);
        byId("story").hidden = !order;
        if (order === this.#order) return;
        this.#order = order;
        this.#isSettled = false;
        byId("story-steps").replaceChildren();
        say(byId("story-note"), "");
        if (!order) return;
        byId("order").value = order;
        say(byId("story-title"), `The story of ${order}`);
        say(byId("story-summary"), "looking …");
        this.#load();
        byId("story").focus();
    }

    async #load() {
        if (this.#isAsking) return;
        this.#isAsking = true;
        const order = this.#order;
        try {
            const answer = await fetch(`/api/orders/${order}`);
            const story = await answer.json();
            if (order !== this.#order) return;
            if (answer.ok) this.#show(story);
            else say(byId("story-summary"), story.detail ?? "It cannot be told now.");
        } catch {
            say(byId("story-summary"), "Analytics does not answer.");
        } finally {
            this.#isAsking = false;
            if (this.#order && order !== this.#order) this.#load();
        }
    }

    #show(story) {
        this.#isSettled = story.outcome !== null;
        const total = story.total ? `${money(story.total.amount, story.total.currency)}, ` : "";
        const reason = story.reason ? `: ${words(story.reason)}` : "";
        say(byId("story-summary"), story.outcome
            ? `${total}${story.outcome}${reason}`
            : `${total}on its way; it waits for ${story.waitsFor}`);
        const times = story.steps.map((step) => Date.parse(step.time));
        const length = Math.max(1, times.at(-1) - times[0]);
        list(byId("story-steps"), story.steps, emptyStep, (item, step, index) => {
            say(item.children[0], clockToMilliseconds(step.time));
            say(item.children[1], index === 0 ? "" : `+${milliseconds(times[index] - times[index - 1])}`);
            say(item.children[2], step.topic);
            const from = index === 0 ? 0 : times[index - 1] - times[0];
            drawSpan(item.children[4], (600 * from) / length, (600 * (times[index] - times[0] - from)) / length);
            item.children[3].replaceChildren(
                element("b", {}, eventName(step.type)), ` ${step.detail}`);
        });
        say(byId("story-note"), (story.isWhole ? "" : "Only the first 200,000 events of each topic were looked at. ")
            + `Retries, parked events and the gateway's side: ${story.command}`);
    }
}

const emptyStep = () => element("li", {},
    element("span", { className: "number" }), element("span", { className: "number soft" }), element("span"),
    element("span", { className: "detail" }), shape("svg", { class: "gauge", "aria-hidden": "true" }));

/** From the step before to this one, as a part of the whole. */
function drawSpan(svg, from, length) {
    svg.setAttribute("viewBox", "0 0 600 8");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.replaceChildren(shape("rect", { x: Math.min(from, 597), y: 0, width: Math.max(3, length), height: 8 }));
}
