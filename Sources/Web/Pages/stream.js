// The page's stream of snapshots: open while somebody can see it, closed while nobody does.

const patience = 3000;

/**
 * Follows /events. `handle` has `history`, `snapshot`, `problem` and `state`, which is called with
 * "connecting", "live", "lost", "paused" or "hidden".
 */
export function follow(handle) {
    let source = null;
    let place = null;
    let timer = null;
    let paused = false;

    const wanted = () => !paused && !document.hidden;

    function open() {
        clearTimeout(timer);
        if (source || !wanted()) return;
        handle.state("connecting");
        // After a pause this is a new stream, which cannot send Last-Event-ID: the address says the same.
        source = new EventSource(place ? `/events?after=${encodeURIComponent(place)}` : "/events");
        source.addEventListener("history", (event) => handle.history(JSON.parse(event.data).points));
        source.addEventListener("snapshot", (event) => {
            place = event.lastEventId;
            handle.state("live");
            handle.snapshot(JSON.parse(event.data));
        });
        source.addEventListener("problem", (event) => handle.problem(event.data));
        source.onerror = () => {
            handle.state("lost");
            // The browser tries again by itself, with Last-Event-ID, unless it was refused.
            if (source?.readyState === EventSource.CLOSED) {
                close();
                timer = setTimeout(open, patience);
            }
        };
    }

    function close() {
        clearTimeout(timer);
        source?.close();
        source = null;
    }

    function update() {
        if (wanted()) return open();
        close();
        handle.state(paused ? "paused" : "hidden");
    }

    // A browser opens six connections to one host: a tab that nobody sees must not hold one.
    document.addEventListener("visibilitychange", update);
    window.addEventListener("pagehide", close);
    window.addEventListener("pageshow", update);
    update();
    return {
        pause(value) {
            paused = value;
            update();
        },
    };
}
