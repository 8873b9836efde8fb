import Delivery
import HTTPServing

extension EventLoopExecutor: CallbackExecutor {}
