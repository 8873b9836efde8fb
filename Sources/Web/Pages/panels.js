// The figures that are no tables: processes, invariants, funnel, rates, revenue, times.

import { byId, element, list, row, say } from "./elements.js";
import { clock, count, milliseconds, money } from "./format.js";
import { drawRates, drawShares } from "./charts.js";

const marks = { true: "✓", false: "✗", unknown: "?" };
const looks = { VALID: "valid", INVALID: "invalid" };
let former = null;

export function showFigures(snapshot) {
    showProcesses(snapshot.processes);
    showInvariants(snapshot);
    showFunnel(snapshot.funnel);
    list(byId("revenue"), snapshot.revenue, () => element("li"), (item, revenue) => {
        say(item, money(revenue.amount, revenue.currency));
    });
    const latency = snapshot.latencyMilliseconds;
    say(byId("p50"), milliseconds(latency.p50));
    say(byId("p99"), milliseconds(latency.p99));
    say(byId("longest"), milliseconds(latency.max));
}

function showInvariants({ summary, invariants }) {
    byId("verdict").className = `summary ${looks[summary.verdict] ?? "unknown"}`;
    say(byId("verdict-word"), summary.verdict);
    say(byId("verdict-detail"), summary.detail);
    const make = () =>
        element("li", {}, element("b"), element("span", { className: "verdict" }), element("span", { className: "detail" }));
    list(byId("invariants"), invariants, make, (item, invariant) => {
        item.className = { true: "holds", false: "broken", unknown: "unknown" }[invariant.holds];
        say(item.children[0], invariant.name);
        say(item.children[1], `${marks[invariant.holds]} ${invariant.word}`);
        say(item.children[2], invariant.detail);
    });
    // Numbers change all the time; what is read aloud is that something broke, or is not broken any more.
    const now = invariants.filter((invariant) => invariant.holds === false).map((invariant) => invariant.name).join(", ");
    if (former !== null && former !== now) say(byId("invariants-change"), now ? `Broken: ${now}` : "Nothing is broken any more");
    former = now;
}

function showProcesses(processes) {
    const bad = processes.filter((process) => process.look === "bad");
    const warning = processes.filter((process) => process.look === "warning");
    byId("processes-summary").className = `summary ${bad.length ? "invalid" : warning.length ? "unknown" : "valid"}`;
    const parts = [
        bad.length ? `${bad.length} of ${processes.length} processes do not work: ${bad.map(({ name }) => name).join(", ")}` : "",
        warning.length ? `look at ${warning.map(({ name }) => name).join(", ")}` : "",
    ].filter((part) => part);
    say(byId("processes-summary"), parts.join("; ") || `All ${processes.length} processes run`);
    const make = () =>
        element("li", {}, element("b"), element("span", { className: "verdict" }), element("span", { className: "detail" }));
    list(byId("processes"), processes, make, (item, process) => {
        item.className = process.look;
        say(item.children[0], process.name);
        say(item.children[1], process.state);
        say(item.children[2], process.detail);
    });
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
