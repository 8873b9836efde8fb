/* Deliberate mistakes, each of which SPIN must find: -DNAME takes one thing out of the saga. Without a name, nothing here
 * changes anything. What each is, and what must find it: mistakes.tsv. */

#ifdef RELEASE_TWICE
#define MISTAKEN_RESERVATION (S.reservation == stock_released -> stock_reserved : S.reservation)
#endif
#ifdef RESERVE_TWICE
#define MISTAKEN_RESERVATION (what == OrderCreated -> stock_none : S.reservation)
#endif
#ifndef MISTAKEN_RESERVATION
#define MISTAKEN_RESERVATION S.reservation
#endif

#ifdef OVERSELL
#define ENOUGH 1
#else
#define ENOUGH (available >= quantity(o))
#endif

#ifdef UNHEARD_REFUND
#define HEARS_LAST_PAYMENT (S.payments.event[S.payments.logged - 1] != PaymentRefunded)
#else
#define HEARS_LAST_PAYMENT 1
#endif

#ifdef CHARGE_TWICE
#define MISTAKEN_CHARGE 0
#else
#define MISTAKEN_CHARGE (S.charge != CALL_NONE)
#endif

#ifdef CHARGE_AFTER_EXPIRY
#define MISTAKEN_LATE 0
#else
#define MISTAKEN_LATE S.late
#endif

#ifdef FORGOTTEN_REQUEST
#define MISTAKEN_REQUEST 0
#else
#define MISTAKEN_REQUEST S.requested
#endif

#ifdef ANSWER_COUNTED_TWICE
#define WAITS (S.charge != CALL_NONE)
#else
#define WAITS (S.charge == CALL_OPEN)
#endif

#ifdef NEW_KEY_ON_RETRY
#define A_KEY_FOR_THE_CHARGE S.bound = nothing;
#else
#define A_KEY_FOR_THE_CHARGE
#endif

#ifdef NEW_KEY_FOR_REFUND
#define REFUNDS_ANEW 1
#else
#define REFUNDS_ANEW 0
#endif

#ifdef UNBOUND_VOID
#define VOIDED nothing
#else
#define VOIDED answer_voided
#endif

#ifdef CONFIRM_ON_RESERVATION
#define MISTAKES_OF_ORDER \
    :: d_step { S.standing == order_pending && S.inventory.logged && S.inventory.event[0] == StockReserved -> \
        order_hears(PaymentSucceeded) }
#endif
#ifdef CANCEL_AT_ONCE
#define MISTAKES_OF_ORDER \
    :: d_step { S.standing == order_pending && S.asked -> said = OrderCancelled_cancelledByCustomer; order_commits() }
#endif
#ifdef ANY_ORDER_IN_TOPIC
#define MISTAKES_OF_ORDER \
    :: d_step { S.orderReadPayments == 0 && S.payments.logged > 1 -> \
        S.orderReadPayments = 2; order_hears(S.payments.event[1]); order_hears(S.payments.event[0]) }
#endif
#ifdef POSITION_FIRST
#define MISTAKES_OF_ORDER \
    :: d_step { !calm && S.orderReadPayments < S.payments.logged -> S.orderReadPayments++ }
#endif
#ifndef MISTAKES_OF_ORDER
#define MISTAKES_OF_ORDER
#endif

#ifdef UNILATERAL_EXPIRY
#define MISTAKES_OF_INVENTORY \
    :: d_step { S.late && S.reservation == stock_reserved -> said = StockReleased; inventory_commits() }
#endif
#ifndef MISTAKES_OF_INVENTORY
#define MISTAKES_OF_INVENTORY
#endif

#ifdef GIVE_UP_WITHOUT_VOID
#define MISTAKES_OF_PAYMENT \
    :: d_step { S.charge == CALL_OPEN && S.requested -> \
        S.charge = CALL_FINISHED; call = nothing; said = PaymentFailed_cancelledByCustomer; payment_commits() }
#endif
#ifdef TIMEOUT_IS_FAILURE
#define MISTAKES_OF_PAYMENT \
    :: d_step { !calm && S.charge == CALL_OPEN && S.charging -> \
        S.charge = CALL_FINISHED; call = nothing; said = PaymentFailed_declined; payment_commits() }
#endif
#ifdef CALL_IN_MEMORY
#define MISTAKES_OF_PAYMENT \
    :: d_step { !calm && S.charge == CALL_OPEN -> S.charge = CALL_FINISHED; S.answer = nothing; S.refusal = 0 }
#endif
#ifdef REFUND_SAID_FIRST
#define MISTAKES_OF_PAYMENT \
    :: d_step { S.refund == CALL_OPEN -> \
        S.refund = CALL_FINISHED; call = nothing; said = PaymentRefunded; payment_commits() }
#endif
#ifndef MISTAKES_OF_PAYMENT
#define MISTAKES_OF_PAYMENT
#endif

#ifdef DUAL_WRITE
#define MISTAKES_OF_RELAYS \
    :: d_step { !calm && S.inventory.logged < S.inventory.written -> S.inventory.written = S.inventory.logged }
#endif
#ifndef MISTAKES_OF_RELAYS
#define MISTAKES_OF_RELAYS
#endif
