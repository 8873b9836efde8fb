// The dashboard: a stream of snapshots, shown as it comes.

import { byId, say } from "./elements.js";
import { clock, seconds } from "./format.js";
import { Counts } from "./charts.js";
import { showFigures, showRates } from "./panels.js";
import { showTables } from "./tables.js";
import { Story } from "./story.js";
import { follow } from "./stream.js";

const states = {
    connecting: "connecting", live: "live", lost: "connection lost, trying again", paused: "paused",
    hidden: "asleep while hidden",
};
const counts = new Counts();
const story = new Story();
let latest = null;
let receivedAt = null;

const stream = follow({
    history(points) {
        counts.add(points);
        showRates(counts.rates());
    },
    snapshot(snapshot) {
        receivedAt = performance.now();
        byId("problem").hidden = true;
        const isNewSecond = latest?.points.at(-1)?.at !== snapshot.points.at(-1)?.at;
        latest = snapshot;
        counts.add(snapshot.points);
        showFigures(snapshot);
        showTables(snapshot);
        if (isNewSecond) {
            showRates(counts.rates());
            story.refresh();
        }
        showAge();
    },
    problem(text) {
        byId("problem").hidden = false;
        say(byId("problem"), `Analytics cannot tell how things are: ${text}`);
    },
    state(state) {
        byId("connection").dataset.state = state;
        say(byId("connection"), states[state]);
    },
});

function showAge() {
    if (!latest) return;
    const age = (performance.now() - receivedAt) / 1000;
    say(byId("age"), age < 1 ? `as of ${clock(latest.at)} UTC` : `${seconds(Math.floor(age))} old`);
}
setInterval(showAge, 1000);

const pause = byId("pause");
pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(paused));
    say(pause, paused ? "Go on" : "Pause");
    stream.pause(paused);
});
