// What opens this browser's own orders: the token of each 202, kept here and sent with what is asked about that order.

const place = "stampede.orders";
/** The latest: enough for one customer. */
const maximumKept = 100;

/** A browser that keeps nothing remembers them as long as the page lives. */
const remembered = new Map();
let isKept = true;

export function keepToken(order, token) {
    remembered.set(order, token);
    try {
        const kept = [...recall().filter(([other]) => other !== order), [order, token]];
        localStorage.setItem(place, JSON.stringify(kept.slice(-maximumKept)));
    } catch {
        isKept = false;
    }
}

/** False if an order opens only as long as the page lives. */
export const tokensAreKept = () => isKept;

/** Null for an order that was not placed from here. */
export function tokenOf(order) {
    return remembered.get(order) ?? recall().find(([other]) => other === order)?.[1] ?? null;
}

/** The header of a request about an order. */
export function opening(order) {
    const token = tokenOf(order);
    return token ? { Authorization: `Bearer ${token}` } : {};
}

/**
 * A link to an order may bring its token after '#', which no browser sends to anybody: it is kept, and taken out of the
 * address before anybody looks over a shoulder.
 */
export function takeTokenFromAddress(order) {
    const token = location.hash.slice(1);
    if (!order || !/^[\w-]{43}$/.test(token)) return;
    keepToken(order, token);
    history.replaceState(history.state, "", location.pathname);
}

function recall() {
    try {
        return JSON.parse(localStorage.getItem(place) ?? "[]");
    } catch {
        return [];
    }
}
