// The tables: stock, lag, dead letters, orders that are stuck, events.

import { byId, copyButton, element, list, row, say } from "./elements.js";
import { clock, clockToMilliseconds, count, eventName, seconds } from "./format.js";

export function showTables(snapshot) {
    showStock(snapshot.products);
    showLag(snapshot.lag);
    showDesk(snapshot);
    showStuck(snapshot.stuck, snapshot.dataOption);
    showEvents(snapshot.events);
}

function showStock(products) {
    const make = () => {
        const made = row("", "number", "number", "share")();
        made.children[3].append(element("meter", { min: 0 }));
        return made;
    };
    list(byId("stock"), products, make, (item, product) => {
        say(item.children[0], product.productID);
        say(item.children[1], count(product.sold));
        say(item.children[2], count(product.available));
        item.children[2].className = product.available <= 0 ? "number warn" : "number";
        const meter = item.children[3].firstChild;
        meter.max = Math.max(1, product.sold + product.available);
        meter.value = product.sold;
        meter.setAttribute("aria-label", `${product.productID}: ${product.sold} of ${meter.max} sold`);
    });
}

function showLag(rows) {
    list(byId("lag"), rows, row("", "", "number", "number", "number"), (item, lag) => {
        say(item.children[0], lag.service);
        say(item.children[1], lag.topic || "–");
        say(item.children[2], lag.behind === undefined ? "not known" : count(lag.behind));
        say(item.children[3], lag.behind === 0 ? "–" : seconds(lag.seconds));
        say(item.children[4], lag.answers ? (lag.ageSeconds < 2 ? "just now" : `${seconds(lag.ageSeconds)} ago`)
            : lag.behind === undefined ? "no answer" : `no answer for ${seconds(lag.ageSeconds)}`);
        item.className = lag.answers ? "" : "warn";
    });
}

const actionable = () =>
    element("li", {}, element("p", { className: "what" }), element("p", { className: "act" }, element("code")));

/** Fills an entry that ends in a command to copy. */
function fill(item, text, command) {
    say(item.children[0], text);
    const [code, button] = item.children[1].children;
    if (code.textContent === command) return;
    say(code, command);
    button?.remove();
    item.children[1].append(copyButton(command));
}

function showDesk(snapshot) {
    say(byId("letters"), count(snapshot.deadLetters));
    say(byId("parked"), count(snapshot.parked));
    byId("groups-none").hidden = snapshot.letterGroups.length > 0;
    list(byId("groups"), snapshot.letterGroups, actionable, (item, { service, group, command, isCurrent }) => {
        const age = isCurrent ? "" : " (as it last said; it does not answer)";
        fill(item, `${count(group.letters)} × ${service}: ${eventName(group.type) || "no event"}, ${group.signature}, `
            + `${clock(group.first)} to ${clock(group.last)}${age}`, command);
    });
}

function showStuck(stuck, dataOption) {
    byId("stuck-part").hidden = stuck.length === 0;
    list(byId("stuck"), stuck, actionable, (item, { order, waitsFor, since }) => {
        fill(item, `…${order.slice(-8)} waits for ${waitsFor} since ${clock(since)}`, `stampede order ${order}${dataOption}`);
    });
}

function showEvents(events) {
    list(byId("events"), events, row("clock", "", "number", "", ""), (item, event) => {
        say(item.children[0], clockToMilliseconds(event.time));
        say(item.children[1], event.topic);
        say(item.children[2], count(event.offset));
        say(item.children[3], eventName(event.type));
        showSubject(item.children[4], event);
    });
}

/** An order's id leads to its story. */
function showSubject(cell, { subject, isOrder }) {
    if (!isOrder) return say(cell, subject);
    const address = `/orders/${subject}`;
    const link = cell.querySelector("a") ?? element("a");
    if (link.getAttribute("href") === address) return;
    link.href = address;
    say(link, `…${subject.slice(-8)}`);
    cell.replaceChildren(link);
}
