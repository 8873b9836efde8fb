/* The saga of an order, for the model checker SPIN: Order, Inventory, Payment, the gateway, the customer and the weather.
 *
 * What the services decide is not written here: it is in saga_tables.pml, which a test makes out of the services' own
 * code and compares. Here is what lies between the decisions: outboxes, logs, positions, inboxes, calls, crashes.
 *
 * How to run it, what is left out and how to read what it finds: docs/model.md. */

#ifndef ORDERS
#define ORDERS 2
#endif
#ifndef STOCK
#define STOCK 2 /* pieces on the shelf */
#endif
#ifndef FIRST
#define FIRST 1 /* pieces that the first order asks for */
#endif
#ifndef SECOND
#define SECOND 1
#endif

#include "saga_tables.pml"
#include "mistakes.pml"

/* ---- State ------------------------------------------------------------------------------------------------------- */

/* What one service says of one order: the rows of its outbox in their order, the first so many of them on the log.
 *
 * Nothing is assumed of the order between two orders, so what is shown holds, too, for events that are parked while
 * others pass, and for dead letters that are retried much later. Events that none of the three consumes (StockReleased,
 * OrderConfirmed, OrderCancelled) are not put here. */
typedef Topic {
    mtype event[2];
    unsigned written : 2;
    unsigned logged : 2
};

typedef Saga {
    /* Order's database, and how many events it has read of those that it subscribes to */
    mtype standing;
    bit asked; /* the customer's request to cancel is on record */
    bit orderReadInventory;
    unsigned orderReadPayments : 2;

    /* Inventory's */
    mtype reservation;
    bit inventoryReadOrders;
    bit inventoryReadPayments;

    /* Payment's */
    mtype payment;
    bit requested; /* the request to cancel has come */
    unsigned charge : 2;
    unsigned refund : 2;
    bit paymentReadInventory;
    bit paymentReadOrders;

    /* Payment's memory, which a crash clears */
    mtype answer; /* came for the charge, and is not on record yet */
    bit refusal; /* the gateway refused the charge, and is asked to void it */
    bit paidBack; /* came for the refund, and is not on record yet */

    /* On their way to the gateway; each may get lost, be late or come twice */
    bit charging;
    bit voiding;
    bit refunding;

    /* The gateway's ledger */
    mtype bound; /* to the charge's key */
    unsigned captures : 2;
    unsigned refunds : 2;

    bit late; /* expiresAt of the reservation is past */
    unsigned releases : 2;

    Topic orders;
    Topic inventory;
    Topic payments
};

Saga saga[ORDERS];
short available = STOCK;
bit calm; /* from here on nothing breaks, nothing is asked for, no time passes: what is begun must come to its end */
bit over; /* it did, and was found in order */

/* The states of a call to the gateway, as Payment's database has them. */
#define CALL_NONE 0
#define CALL_OPEN 1
#define CALL_FINISHED 2

#define S saga[o]
#define quantity(o) (o == 0 -> FIRST : SECOND)

/* What a table answers: no part of the state. */
hidden mtype said;
hidden mtype call;

/* The story of a counterexample, which 'spin -t' tells; no part of the state either. */
#define tells(format, what) printf(format, o, what)
#define happens(format) printf(format, o)

/* ---- Transactions --------------------------------------------------------------------------------------------------- */

/* What was decided is applied, and put into the outbox, in the transaction that decided it. */

inline put(topic, what) {
    assert(topic.written < 2);
    topic.event[topic.written] = what;
    topic.written++
}

inline order_commits() {
    tells("order %d  Order: %e\n", said);
    assert(said != anomaly && said != broken);
    if
    :: said == nothing
    :: said == OrderCancellationRequested -> S.asked = 1; put(S.orders, said)
    :: else ->
        /* One outcome an order; to be paid back is the only step out of it. */
        assert(S.standing == order_pending || (S.standing == order_confirmed && said == OrderCancelled_refunded));
        order_applies(said, S.standing);
        assert(S.standing != broken)
    fi
}

inline inventory_commits() {
    tells("order %d  Inventory: %e\n", said);
    assert(said != anomaly && said != broken);
    if
    :: said == nothing
    :: else ->
        if
        :: said == StockReserved -> available = available - quantity(o); put(S.inventory, said)
        :: said == StockRejected -> put(S.inventory, said)
        :: said == StockReleased ->
            available = available + quantity(o);
            S.releases++;
            assert(S.releases == 1); /* released at most once */
            assert(S.captures == S.refunds) /* nobody has paid for what is for sale again */
        fi;
        assert(available >= 0 && available <= STOCK); /* never oversold */
        stock_applies(said, S.reservation);
        assert(S.reservation != broken)
    fi
}

inline payment_commits() {
    tells("order %d  Payment: %e\n", said);
    assert(said != anomaly && said != broken && call != broken);
    if
    :: said == nothing
    :: else ->
        if
        :: said == PaymentSucceeded -> assert(S.captures == 1 && S.refunds == 0)
        :: said == PaymentRefunded -> assert(S.captures == 1 && S.refunds == 1)
        :: else -> assert(S.captures == 0) /* PaymentFailed, for whatever reason */
        fi;
        put(S.payments, said);
        payment_applies(said, S.payment);
        assert(S.payment != broken)
    fi;
    if
    :: call == nothing
    :: call == call_charge -> assert(S.charge == CALL_NONE); S.charge = CALL_OPEN
    :: call == call_refund -> assert(S.refund == CALL_NONE); S.refund = CALL_OPEN
    fi
}

inline order_hears(what) {
    order_decides(what, S.standing, said);
    order_commits()
}

inline inventory_hears(what) {
    stock_decides(what, MISTAKEN_RESERVATION, ENOUGH, said);
    inventory_commits()
}

inline payment_hears(what) {
    payment_decides(what, S.payment, MISTAKEN_CHARGE, (S.refund != CALL_NONE), S.requested, S.late, said, call);
    payment_notes(what, S.requested);
    payment_commits()
}

/* ---- The services, a process an order ------------------------------------------------------------------------------ */

/* A consumer's step: the next event, its effects, the inbox and the position are one transaction. An event that comes
 * again is known to the inbox and skipped, which changes nothing; without the inbox (NO_INBOX) it is handled again. */
#ifdef NO_INBOX
#define again !calm
#else
#define again 0
#endif

proctype Order(byte o) {
end:
    do
    :: d_step { !S.orderReadInventory && S.inventory.logged && S.inventory.event[0] == StockRejected ->
        S.orderReadInventory = 1; order_hears(StockRejected) }
    :: d_step { S.orderReadPayments < S.payments.logged ->
        S.orderReadPayments++; order_hears(S.payments.event[S.orderReadPayments - 1]) }
    :: d_step { again && S.orderReadInventory -> order_hears(StockRejected) }
    :: d_step { again && S.orderReadPayments > 0 -> order_hears(S.payments.event[0]) }
    :: d_step { again && S.orderReadPayments > 1 -> order_hears(S.payments.event[1]) }

    /* The customer asks for cancellation: a command. */
    :: d_step { !calm && !S.asked -> order_takes_cancellation(S.standing, S.asked, said); order_commits() }

    MISTAKES_OF_ORDER
    od
}

proctype Inventory(byte o) {
end:
    do
    :: d_step { !S.inventoryReadOrders && S.orders.logged ->
        S.inventoryReadOrders = 1; inventory_hears(OrderCreated) }
    :: d_step { !S.inventoryReadPayments && S.payments.logged &&
        S.payments.event[S.payments.logged - 1] != PaymentSucceeded && HEARS_LAST_PAYMENT ->
        S.inventoryReadPayments = 1; inventory_hears(S.payments.event[S.payments.logged - 1]) }
    :: d_step { again && S.inventoryReadOrders -> inventory_hears(OrderCreated) }
    :: d_step { again && S.inventoryReadPayments -> inventory_hears(S.payments.event[S.payments.logged - 1]) }

    /* The operator gives up on the event, which lies dead. */
    :: d_step { !calm && !S.inventoryReadOrders && S.orders.logged ->
        S.inventoryReadOrders = 1; stock_discards(OrderCreated, S.reservation, said); inventory_commits() }

    MISTAKES_OF_INVENTORY
    od
}

proctype Payment(byte o) {
end:
    do
    :: d_step { !S.paymentReadInventory && S.inventory.logged && S.inventory.event[0] == StockReserved ->
        S.paymentReadInventory = 1; payment_hears(StockReserved) }
    :: d_step { !S.paymentReadOrders && S.orders.logged > 1 ->
        S.paymentReadOrders = 1; payment_hears(OrderCancellationRequested) }
    :: d_step { again && S.paymentReadInventory -> payment_hears(StockReserved) }
    :: d_step { again && S.paymentReadOrders -> payment_hears(OrderCancellationRequested) }
    :: d_step { !calm && !S.paymentReadInventory && S.inventory.logged && S.inventory.event[0] == StockReserved ->
        S.paymentReadInventory = 1;
        call = nothing; payment_discards(StockReserved, S.payment, (S.charge != CALL_NONE), said); payment_commits() }

    /* Calls: asked while they are open; in a storm also while the last request is still on its way, given up as lost. */
    :: d_step { S.charge == CALL_OPEN && S.answer == nothing && (!calm || !(S.charging || S.voiding)) ->
        S.refusal = 0;
        payment_asks(call_charge, S.requested, MISTAKEN_LATE, call);
        A_KEY_FOR_THE_CHARGE
        if
        :: call == call_charge -> assert(!S.late); S.charging = 1
        :: call == call_void -> S.voiding = 1
        fi;
        tells("order %d  Payment asks the gateway: %e\n", call) }
    :: d_step { S.refund == CALL_OPEN && !S.paidBack && (!calm || !S.refunding) ->
        payment_asks(call_refund, S.requested, S.late, call);
        assert(call == call_refund);
        S.refunding = 1;
        tells("order %d  Payment asks the gateway: %e\n", call) }

    /* Answers: recorded once. */
    :: d_step { S.answer != nothing ->
        if
        :: WAITS ->
            payment_settles(S.answer, MISTAKEN_REQUEST, S.late, said, call);
            S.charge = CALL_FINISHED;
            payment_commits()
        :: else
        fi;
        S.answer = nothing; S.refusal = 0 }
    :: d_step { S.paidBack ->
        if
        :: S.refund == CALL_OPEN ->
            payment_settles(answer_refunded, S.requested, S.late, said, call);
            S.refund = CALL_FINISHED;
            payment_commits()
        :: else
        fi;
        S.paidBack = 0 }

    :: d_step { !calm && (S.answer != nothing || S.refusal || S.paidBack) -> /* kill -9 */
        S.answer = nothing; S.refusal = 0; S.paidBack = 0; happens("order %d  Payment is killed\n") }

    MISTAKES_OF_PAYMENT
    od
}

/* The relays of the three: a crash between commit and append only delays, for the row is in the outbox; and an append
 * that is made again under the same sequence changes nothing, so it is no step here. */
proctype Relays(byte o) {
end:
    do
    :: d_step { S.orders.logged < S.orders.written ->
        S.orders.logged++; tells("order %d  on the log: %e\n", S.orders.event[S.orders.logged - 1]) }
    :: d_step { S.inventory.logged < S.inventory.written ->
        S.inventory.logged++; tells("order %d  on the log: %e\n", S.inventory.event[S.inventory.logged - 1]) }
    :: d_step { S.payments.logged < S.payments.written ->
        S.payments.logged++; tells("order %d  on the log: %e\n", S.payments.event[S.payments.logged - 1]) }

    MISTAKES_OF_RELAYS
    od
}

/* ---- The world ------------------------------------------------------------------------------------------------------ */

/* The answer gets through, if the process that asked still lives and waits for it. */
inline reply(what) {
    tells("order %d  The gateway says: %e\n", what);
    if
    :: WAITS && S.answer == nothing ->
        if
        :: what == answer_refused -> S.refusal = 1; S.voiding = 1
        :: what != answer_refused && S.refusal -> S.refusal = 0; payment_takes_void(what, S.answer)
        :: else -> S.answer = what
        fi
    :: !calm -> happens("order %d    which nobody hears\n") /* lost, or told to a process that is dead */
    :: calm && !(WAITS && S.answer == nothing)
    fi
}

/* The request is gone; in a storm a twin of it may still be on its way. */
inline goes(request) {
    if
    :: request = 0
    :: !calm
    fi
}

/* The acquirer: binds a key to the first of capture, decline or void. */
proctype Gateway(byte o) {
end:
    do
    :: atomic { S.charging ->
        goes(S.charging);
        if
        :: S.bound == nothing -> /* captured */
            S.bound = answer_captured;
            S.captures++;
            assert(S.captures == 1); /* at most one capture */
            assert(S.reservation == stock_reserved); /* of what is set aside for it */
            assert(S.payment == payment_none); /* and not given up */
            reply(answer_captured)
        :: S.bound == nothing -> S.bound = answer_declined; reply(answer_declined)
        :: S.bound == nothing -> reply(answer_refused) /* it takes no such request; nothing is bound */
        :: S.bound == nothing && !calm -> happens("order %d  The gateway says 500\n") /* nothing is bound */
        :: S.bound != nothing -> reply(S.bound)
        fi }
    :: atomic { S.voiding ->
        goes(S.voiding);
        if
        :: S.bound == nothing -> S.bound = VOIDED; reply(answer_voided)
        :: S.bound != nothing -> reply(S.bound)
        :: !calm -> happens("order %d  The gateway says 500\n")
        fi }
    :: atomic { S.refunding ->
        goes(S.refunding);
        if
        :: !calm -> happens("order %d  The gateway says 500\n")
        :: true ->
            if
            :: S.refunds == 0 || REFUNDS_ANEW ->
                S.refunds++;
                assert(S.refunds <= S.captures) /* at most one refund */
            :: else
            fi;
            happens("order %d  The gateway pays back\n");
            if
            :: S.paidBack = 1
            :: !calm -> happens("order %d    which nobody hears\n")
            fi
        fi }
    :: d_step { !calm && S.charging -> S.charging = 0; happens("order %d  A charge is lost on the way\n") }
    :: d_step { !calm && S.voiding -> S.voiding = 0; happens("order %d  A void is lost on the way\n") }
    :: d_step { !calm && S.refunding -> S.refunding = 0; happens("order %d  A refund is lost on the way\n") }

    /* Time passes: it matters from the reservation to Payment's answer. */
    :: d_step { !calm && !S.late && S.reservation == stock_reserved && S.payment == payment_none ->
        S.late = 1; happens("order %d  The reservation expires\n") }
    od
}

active proctype Weather() {
    d_step { calm = 1; printf("From here on nothing breaks\n") }
}

/* ---- What is to hold in the end -------------------------------------------------------------------------------------- */

#define cancelled(s) (s != order_pending && s != order_confirmed)

inline judge_order() {
    assert(cancelled(S.standing) || S.standing == order_confirmed); /* an outcome */
    assert((S.standing == order_confirmed) == (S.captures == 1 && S.refunds == 0)); /* money */
    assert(S.captures == S.refunds || S.standing == order_confirmed);
    assert((S.standing == order_confirmed) == (S.reservation == stock_reserved)); /* stock */
    assert(!S.asked || cancelled(S.standing)); /* the customer's wish */
    /* The reason is true. */
    assert(S.standing != order_cancelled_paymentExpired || S.late);
    assert(S.standing != order_cancelled_cancelledByCustomer || S.asked);
    assert(S.standing != order_cancelled_refunded || (S.asked && S.refunds == 1));
    assert(S.standing != order_cancelled_soldOut || S.reservation == stock_rejected);
    /* Each reservation was answered once, all is read, nothing is open. */
    assert(S.reservation == stock_rejected || S.payment != payment_none);
    assert(S.payments.written == (S.payment == payment_refunded -> 2 : (S.payment == payment_none -> 0 : 1)));
    assert(S.orders.logged == S.orders.written && S.inventory.logged == S.inventory.written);
    assert(S.payments.logged == S.payments.written && S.orderReadPayments == S.payments.logged);
    assert(S.charge != CALL_OPEN && S.refund != CALL_OPEN)
}

active proctype Judge() {
    byte o;
    short sold;
end:
    timeout -> /* nothing can go on */
    d_step {
        printf("Nothing is left to do\n");
        for (o : 0 .. ORDERS - 1) {
            judge_order();
            sold = sold + (S.standing == order_confirmed -> quantity(o) : 0)
        }
        o = 0;
        assert(STOCK - available == sold); /* reserved less released is what was sold */
        sold = 0;
        over = 1
    }
}

/* Once the storm is over, everything comes to its end, whatever goes first. */
#ifdef LIVENESS
ltl settles { [] (calm -> <> over) }
#endif

init {
    byte o;
    d_step {
        for (o : 0 .. ORDERS - 1) {
            /* A checkout that was answered with 202. */
            S.standing = order_none;
            S.reservation = stock_none;
            S.payment = payment_none;
            S.answer = nothing;
            S.bound = nothing;
            order_applies(OrderCreated, S.standing);
            tells("order %d  Order: %e\n", OrderCreated);
            put(S.orders, OrderCreated)
        }
        o = 0
    }
    atomic {
        for (o : 0 .. ORDERS - 1) {
            run Order(o); run Inventory(o); run Payment(o); run Relays(o); run Gateway(o)
        }
        o = 0
    }
}
