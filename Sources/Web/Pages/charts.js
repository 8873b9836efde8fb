// Charts, drawn by hand in SVG.

import { shape } from "./elements.js";
import { count } from "./format.js";

const span = 300;

/** Points of the last five minutes, by the second in which they were taken. */
export class Counts {
    #points = new Map();

    add(points) {
        for (const point of points) this.#points.set(point.at, { ...point, time: Date.parse(point.at) / 1000 });
        const sorted = [...this.#points.values()].sort((left, right) => left.time - right.time);
        const newest = sorted.at(-1)?.time ?? 0;
        this.#points = new Map(sorted.filter((point) => point.time > newest - span).map((point) => [point.at, point]));
    }

    /** Orders a second between one point and the next. */
    rates() {
        const points = [...this.#points.values()];
        return points.slice(1).map((point, index) => {
            const former = points[index];
            const passed = point.time - former.time;
            const rate = (name) => (passed > 0 ? Math.max(0, point[name] - former[name]) / passed : 0);
            return { time: point.time, created: rate("created"), settled: rate("settled") };
        });
    }
}

const [width, height, left, bottom, top] = [600, 190, 52, 22, 10];

/** Two lines over time, with three marks on each axis. */
export function drawRates(svg, rates) {
    const newest = rates.at(-1)?.time ?? 0;
    const seconds = Math.max(60, newest - (rates[0]?.time ?? newest));
    const most = ceiling(Math.max(1, ...rates.map((rate) => Math.max(rate.created, rate.settled))));
    const x = (time) => width - 4 - ((newest - time) / seconds) * (width - left - 4);
    const y = (rate) => height - bottom - (rate / most) * (height - bottom - top);
    const parts = [];
    for (const part of [0, 0.5, 1]) {
        const level = y(most * part);
        parts.push(shape("line", { x1: left, x2: width - 4, y1: level, y2: level, class: "grid" }));
        parts.push(shape("text", { x: left - 8, y: level + 4, class: "mark end" }, count(Math.round(most * part))));
        const time = newest - seconds * part;
        const anchor = part === 0 ? "mark end" : part === 1 ? "mark" : "mark middle";
        const ago = part === 0 ? "now" : `${Math.round(seconds * part)} s ago`;
        parts.push(shape("text", { x: x(time), y: height - 4, class: anchor }, ago));
    }
    for (const name of ["created", "settled"]) {
        const line = rates.map((rate) => `${x(rate.time).toFixed(1)},${y(rate[name]).toFixed(1)}`).join(" ");
        parts.push(shape("polyline", { points: line, class: `line ${name}` }));
    }
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren(...parts);
}

/** The next of 1, 2, 5, 10, 20, … */
function ceiling(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value);
}

/** One bar of parts, each as long as its share. */
export function drawShares(svg, parts) {
    const total = Math.max(1, parts.reduce((sum, part) => sum + part.value, 0));
    let x = 0;
    const shapes = parts.filter((part) => part.value > 0).map((part) => {
        const length = (part.value / total) * 600;
        const bar = shape("rect", { x, y: 0, width: Math.max(1, length - 1), height: 14, class: part.kind });
        x += length;
        return bar;
    });
    svg.setAttribute("viewBox", "0 0 600 14");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.replaceChildren(...shapes);
}
