/* Made out of the services' code by Tests/ServicesTests/Saga; 'Scripts/lib/model --tables' writes it anew.
 *
 * broken: the service refuses, the event would become a dead letter. anomaly: it cannot follow, and is kept. */

mtype = { nothing }
mtype = { order_none, order_pending, order_confirmed, order_cancelled_soldOut, order_cancelled_paymentDeclined, order_cancelled_paymentExpired, order_cancelled_cancelledByCustomer, order_cancelled_abandoned, order_cancelled_refunded }
mtype = { stock_none, stock_reserved, stock_rejected, stock_released }
mtype = { payment_none, payment_succeeded, payment_failed, payment_refunded }
mtype = { OrderCancellationRequested, OrderCancelled_abandoned, OrderCancelled_cancelledByCustomer, OrderCancelled_paymentDeclined, OrderCancelled_paymentExpired, OrderCancelled_refunded, OrderCancelled_soldOut, OrderConfirmed, OrderCreated, PaymentFailed_abandoned, PaymentFailed_cancelledByCustomer, PaymentFailed_declined, PaymentFailed_expired, PaymentRefunded, PaymentSucceeded, StockRejected, StockReleased, StockReserved, anomaly, answer_captured, answer_declined, answer_refunded, answer_refused, answer_voided, broken, call_charge, call_refund, call_void }

/* What Order says when it hears an event. */
inline order_decides(event_, standing_, said_) {
    if
    :: event_ == StockRejected && standing_ == order_none -> said_ = broken
    :: event_ == StockRejected && standing_ == order_pending -> said_ = OrderCancelled_soldOut
    :: event_ == StockRejected && standing_ == order_cancelled_soldOut -> said_ = nothing
    :: event_ == PaymentSucceeded && standing_ == order_none -> said_ = broken
    :: event_ == PaymentSucceeded && standing_ == order_pending -> said_ = OrderConfirmed
    :: event_ == PaymentSucceeded && standing_ == order_confirmed -> said_ = nothing
    :: event_ == PaymentSucceeded && standing_ == order_cancelled_refunded -> said_ = nothing
    :: event_ == PaymentFailed_declined && standing_ == order_none -> said_ = broken
    :: event_ == PaymentFailed_declined && standing_ == order_pending -> said_ = OrderCancelled_paymentDeclined
    :: event_ == PaymentFailed_declined && standing_ == order_cancelled_paymentDeclined -> said_ = nothing
    :: event_ == PaymentFailed_declined && standing_ == order_cancelled_paymentExpired -> said_ = nothing
    :: event_ == PaymentFailed_declined && standing_ == order_cancelled_cancelledByCustomer -> said_ = nothing
    :: event_ == PaymentFailed_declined && standing_ == order_cancelled_abandoned -> said_ = nothing
    :: event_ == PaymentFailed_expired && standing_ == order_none -> said_ = broken
    :: event_ == PaymentFailed_expired && standing_ == order_pending -> said_ = OrderCancelled_paymentExpired
    :: event_ == PaymentFailed_expired && standing_ == order_cancelled_paymentDeclined -> said_ = nothing
    :: event_ == PaymentFailed_expired && standing_ == order_cancelled_paymentExpired -> said_ = nothing
    :: event_ == PaymentFailed_expired && standing_ == order_cancelled_cancelledByCustomer -> said_ = nothing
    :: event_ == PaymentFailed_expired && standing_ == order_cancelled_abandoned -> said_ = nothing
    :: event_ == PaymentFailed_cancelledByCustomer && standing_ == order_none -> said_ = broken
    :: event_ == PaymentFailed_cancelledByCustomer && standing_ == order_pending -> said_ = OrderCancelled_cancelledByCustomer
    :: event_ == PaymentFailed_cancelledByCustomer && standing_ == order_cancelled_paymentDeclined -> said_ = nothing
    :: event_ == PaymentFailed_cancelledByCustomer && standing_ == order_cancelled_paymentExpired -> said_ = nothing
    :: event_ == PaymentFailed_cancelledByCustomer && standing_ == order_cancelled_cancelledByCustomer -> said_ = nothing
    :: event_ == PaymentFailed_cancelledByCustomer && standing_ == order_cancelled_abandoned -> said_ = nothing
    :: event_ == PaymentFailed_abandoned && standing_ == order_none -> said_ = broken
    :: event_ == PaymentFailed_abandoned && standing_ == order_pending -> said_ = OrderCancelled_abandoned
    :: event_ == PaymentFailed_abandoned && standing_ == order_cancelled_paymentDeclined -> said_ = nothing
    :: event_ == PaymentFailed_abandoned && standing_ == order_cancelled_paymentExpired -> said_ = nothing
    :: event_ == PaymentFailed_abandoned && standing_ == order_cancelled_cancelledByCustomer -> said_ = nothing
    :: event_ == PaymentFailed_abandoned && standing_ == order_cancelled_abandoned -> said_ = nothing
    :: event_ == PaymentRefunded && standing_ == order_none -> said_ = broken
    :: event_ == PaymentRefunded && standing_ == order_confirmed -> said_ = OrderCancelled_refunded
    :: event_ == PaymentRefunded && standing_ == order_cancelled_refunded -> said_ = nothing
    :: else -> said_ = anomaly
    fi
}

/* What an event of its own makes of an order. */
inline order_applies(fact_, standing_) {
    if
    :: fact_ == OrderCreated && standing_ == order_none -> standing_ = order_pending
    :: fact_ == OrderCancellationRequested && standing_ == order_pending -> standing_ = order_pending
    :: fact_ == OrderCancellationRequested && standing_ == order_confirmed -> standing_ = order_confirmed
    :: fact_ == OrderCancellationRequested && standing_ == order_cancelled_soldOut -> standing_ = order_cancelled_soldOut
    :: fact_ == OrderCancellationRequested && standing_ == order_cancelled_paymentDeclined -> standing_ = order_cancelled_paymentDeclined
    :: fact_ == OrderCancellationRequested && standing_ == order_cancelled_paymentExpired -> standing_ = order_cancelled_paymentExpired
    :: fact_ == OrderCancellationRequested && standing_ == order_cancelled_cancelledByCustomer -> standing_ = order_cancelled_cancelledByCustomer
    :: fact_ == OrderCancellationRequested && standing_ == order_cancelled_abandoned -> standing_ = order_cancelled_abandoned
    :: fact_ == OrderCancellationRequested && standing_ == order_cancelled_refunded -> standing_ = order_cancelled_refunded
    :: fact_ == OrderConfirmed && standing_ != order_none -> standing_ = order_confirmed
    :: fact_ == OrderCancelled_soldOut && standing_ != order_none -> standing_ = order_cancelled_soldOut
    :: fact_ == OrderCancelled_paymentDeclined && standing_ != order_none -> standing_ = order_cancelled_paymentDeclined
    :: fact_ == OrderCancelled_paymentExpired && standing_ != order_none -> standing_ = order_cancelled_paymentExpired
    :: fact_ == OrderCancelled_cancelledByCustomer && standing_ != order_none -> standing_ = order_cancelled_cancelledByCustomer
    :: fact_ == OrderCancelled_abandoned && standing_ != order_none -> standing_ = order_cancelled_abandoned
    :: fact_ == OrderCancelled_refunded && standing_ != order_none -> standing_ = order_cancelled_refunded
    :: else -> standing_ = broken
    fi
}

/* What Order says when the customer asks for cancellation. */
inline order_takes_cancellation(standing_, asked_, said_) {
    if
    :: standing_ == order_pending && !(asked_) -> said_ = OrderCancellationRequested
    :: standing_ == order_confirmed && !(asked_) -> said_ = OrderCancellationRequested
    :: else -> said_ = nothing
    fi
}

/* What Inventory says when it hears an event; enough: there are as many pieces as are asked for. */
inline stock_decides(event_, reservation_, enough_, said_) {
    if
    :: event_ == OrderCreated && reservation_ == stock_none && !(enough_) -> said_ = StockRejected
    :: event_ == OrderCreated && reservation_ == stock_none && enough_ -> said_ = StockReserved
    :: event_ == OrderCreated && reservation_ != stock_none -> said_ = nothing
    :: event_ != OrderCreated && reservation_ == stock_reserved -> said_ = StockReleased
    :: event_ != OrderCreated && reservation_ == stock_released -> said_ = nothing
    :: else -> said_ = broken
    fi
}

/* What an event of its own makes of a reservation. */
inline stock_applies(fact_, reservation_) {
    if
    :: fact_ == StockReserved && reservation_ == stock_none -> reservation_ = stock_reserved
    :: fact_ == StockRejected && reservation_ == stock_none -> reservation_ = stock_rejected
    :: fact_ == StockReleased && reservation_ == stock_reserved -> reservation_ = stock_released
    :: else -> reservation_ = broken
    fi
}

/* What Inventory says when an operator gives up on an event. */
inline stock_discards(event_, reservation_, said_) {
    if
    :: reservation_ == stock_none -> said_ = StockRejected
    :: else -> said_ = nothing
    fi
}

/* What Payment says and asks for when it hears an event; charge, refund: whether there is such a call. */
inline payment_decides(event_, payment_, charge_, refund_, requested_, late_, said_, call_) {
    if
    :: event_ == StockReserved && payment_ == payment_none && !(charge_) && !(requested_) && !(late_) -> said_ = nothing; call_ = call_charge
    :: event_ == StockReserved && payment_ == payment_none && !(charge_) && !(requested_) && late_ -> said_ = PaymentFailed_expired; call_ = nothing
    :: event_ == StockReserved && payment_ == payment_none && !(charge_) && requested_ -> said_ = PaymentFailed_cancelledByCustomer; call_ = nothing
    :: event_ == OrderCancellationRequested && payment_ == payment_succeeded && !(refund_) -> said_ = nothing; call_ = call_refund
    :: else -> said_ = nothing; call_ = nothing
    fi
}

/* Whether Payment knows of the customer's request once it heard an event. */
inline payment_notes(event_, requested_) {
    if
    :: event_ == StockReserved && !(requested_) -> requested_ = 0
    :: else -> requested_ = 1
    fi
}

/* What an event of its own makes of a payment. */
inline payment_applies(fact_, payment_) {
    if
    :: fact_ == PaymentSucceeded && payment_ == payment_none -> payment_ = payment_succeeded
    :: fact_ == PaymentFailed_declined && payment_ == payment_none -> payment_ = payment_failed
    :: fact_ == PaymentFailed_expired && payment_ == payment_none -> payment_ = payment_failed
    :: fact_ == PaymentFailed_cancelledByCustomer && payment_ == payment_none -> payment_ = payment_failed
    :: fact_ == PaymentFailed_abandoned && payment_ == payment_none -> payment_ = payment_failed
    :: fact_ == PaymentRefunded && payment_ == payment_succeeded -> payment_ = payment_refunded
    :: else -> payment_ = broken
    fi
}

/* What Payment says when an operator gives up on an event. */
inline payment_discards(event_, payment_, charge_, said_) {
    if
    :: payment_ == payment_none && !(charge_) -> said_ = PaymentFailed_abandoned
    :: else -> said_ = nothing
    fi
}

/* What Payment asks the gateway while a call is open. */
inline payment_asks(open_, requested_, late_, call_) {
    if
    :: open_ == call_charge && !(requested_) && !(late_) -> call_ = call_charge
    :: open_ == call_charge && !(requested_) && late_ -> call_ = call_void
    :: open_ == call_charge && requested_ -> call_ = call_void
    :: else -> call_ = call_refund
    fi
}

/* What Payment says and asks for when an answer is put on record. */
inline payment_settles(answer_, requested_, late_, said_, call_) {
    if
    :: answer_ == answer_captured && !(requested_) -> said_ = PaymentSucceeded; call_ = nothing
    :: answer_ == answer_captured && requested_ -> said_ = PaymentSucceeded; call_ = call_refund
    :: answer_ == answer_voided && !(requested_) && late_ -> said_ = PaymentFailed_expired; call_ = nothing
    :: answer_ == answer_voided && requested_ -> said_ = PaymentFailed_cancelledByCustomer; call_ = nothing
    :: answer_ == answer_refunded -> said_ = PaymentRefunded; call_ = nothing
    :: else -> said_ = PaymentFailed_declined; call_ = nothing
    fi
}

/* What Payment takes for the charge's answer where the gateway refused it, by the void's. */
inline payment_takes_void(bound_, answer_) {
    if
    :: bound_ == answer_declined -> answer_ = answer_declined
    :: bound_ == answer_voided -> answer_ = answer_refused
    :: else -> answer_ = answer_captured
    fi
}
