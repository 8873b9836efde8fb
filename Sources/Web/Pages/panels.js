// The figures that are no tables: invariants, funnel, rates, revenue, times.

import { byId, element, list, row, say } from "./elements.js";
import { clock, count, milliseconds, money } from "./format.js";
import { drawRates, drawShares } from "./charts.js";

const verdicts = { holds: "✓ holds", open: "… not known yet", broken: "✗ broken" };
let former = null;

export function showFigures(snapshot) {
    showInvariants(snapshot.invariants);
    showFunnel(snapshot.funnel);
    list(byId("revenue"), snapshot.revenue, () => element("li"), (item, revenue) => {
        say(item, money(revenue.amount, revenue.currency));
    });
    const latency = snapshot.latencyMilliseconds;
    say(byId("p50"), milliseconds(latency.p50));
    say(byId("p99"), milliseconds(latency.p99));
    say(byId("longest"), milliseconds(latency.max));
}

function showInvariants(invariants) {
    const make = () =>
        element("li", {}, element("b"), element("span", { className: "verdict" }), element("span", { className: "detail" }));
    list(byId("invariants"), invariants, make, (item, invariant) => {
        item.className = invariant.verdict;
        say(item.children[0], invariant.name);
        say(item.children[1], verdicts[invariant.verdict]);
        say(item.children[2], invariant.detail);
    });
    // Numbers change all the time; what is read aloud is that something broke, or holds again.
    const now = invariants.filter((invariant) => invariant.verdict === "broken").map((invariant) => invariant.name).join(", ");
    if (former !== null && former !== now) say(byId("invariants-change"), now ? `Broken: ${now}` : "Everything holds again");
    former = now;
}

function showFunnel(funnel) {
    say(byId("placed"), count(funnel.placed));
    say(byId("funnel-sum"), count(funnel.rows.reduce((sum, part) => sum + part.orders, 0)));
    drawShares(byId("funnel-bar"), funnel.rows.map((part) => ({ value: part.orders, kind: part.kind })));
    const make = () => {
        const made = row("", "number", "number soft")();
        made.children[0].append(element("span", { className: "dot", ariaHidden: "true" }), element("span"));
        return made;
    };
    list(byId("funnel"), funnel.rows, make, (item, part) => {
        const [dot, name] = item.children[0].children;
        dot.className = `dot ${part.kind}`;
        say(name, part.name);
        say(item.children[1], count(part.orders));
        say(item.children[2], funnel.placed > 0 ? `${((100 * part.orders) / funnel.placed).toFixed(1)} %` : "");
    });
}

export function showRates(rates) {
    drawRates(byId("rates"), rates);
    const newest = rates.at(-1);
    say(byId("created-rate"), newest ? count(Math.round(newest.created)) : "–");
    say(byId("settled-rate"), newest ? count(Math.round(newest.settled)) : "–");
    list(byId("rates-table"), rates.slice(-10).reverse(), row("", "number", "number"), (item, rate) => {
        say(item.children[0], clock(new Date(rate.time * 1000).toISOString()));
        say(item.children[1], count(Math.round(rate.created)));
        say(item.children[2], count(Math.round(rate.settled)));
    });
}
