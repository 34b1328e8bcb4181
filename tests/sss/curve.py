"""alt_bn128 G1 a second time, on the affine line and without py_ecc: what bn128 is judged by.

A point is (x, y), infinity is None.  Formulas of the chord and the tangent, y^2 = x^3 + 3.
"""

P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
G = (1, 2)


def plus(left, right):
    if left is None or right is None:
        return right if left is None else left
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    rise, run = (3 * x1 * x1, 2 * y1) if left == right else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, P)
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def times(scalar, point=G):
    """From the lowest bit up: py_ecc goes the other way."""
    result = None
    while scalar:
        if scalar & 1:
            result = plus(result, point)
        point = plus(point, point)
        scalar >>= 1
    return result


def packed(point):
    x, y = point or (0, 0)
    return x.to_bytes(32) + y.to_bytes(32)


def unpacked(raw):
    x, y = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    return (x, y) if x or y else None
