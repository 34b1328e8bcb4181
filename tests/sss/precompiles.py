"""The precompiled contracts 0x06 and 0x07, executed by py-evm in a frame of its own."""

from eth.vm.forks.cancun.computation import CancunComputation

_ADD, _MUL = (CancunComputation.get_precompiles()[n.to_bytes(20)] for n in (6, 7))


class _Message:
    def __init__(self, data):
        self.data_as_bytes = self.data = data


class _Frame:
    """What a precompiled contract sees; it keeps count of gas."""

    def __init__(self, data):
        self.msg = _Message(data)
        self.output = b""
        self.gas = 0

    def consume_gas(self, amount, reason):
        self.gas += amount


def _run(contract, data):
    frame = _Frame(data)
    contract(frame)
    return frame.output, frame.gas


def ec_add(left, right):
    """Give the sum of two points of 64 bytes, and the gas."""
    return _run(_ADD, left + right)


def ec_mul(point, scalar):
    """Give a multiple of a point of 64 bytes, and the gas."""
    return _run(_MUL, point + scalar.to_bytes(32))


def share_is_proved(points, x, value):
    """Say whether y_x G = sum x^j C_j, and the gas, as a contract decides a complaint.

    k-1 products and sums on the right (Horner), one product on the left.
    """
    right, gas = points[-1], 0
    for point in reversed(points[:-1]):
        right, spent = ec_mul(right, x)
        gas += spent
        right, spent = ec_add(right, point)
        gas += spent
    left, spent = ec_mul((1).to_bytes(32) + (2).to_bytes(32), value)
    return left == right, gas + spent
