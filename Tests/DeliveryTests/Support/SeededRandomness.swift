import Delivery
import TestSupport

extension SeededRandomness: Randomness {}
