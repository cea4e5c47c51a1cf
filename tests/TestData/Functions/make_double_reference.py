"""Writes double_reference.csv: reference values of the double-precision functions, computed with mpmath at 400 bits.

Run: python3 make_double_reference.py      (made with Python 3.11 and mpmath 1.3.0)
Columns: function, argument(s) x [and y for atan2(y, x)], then the value as the sum of two doubles, high + low.
Doubles are written as the 16 hexadecimal digits of their bits. Points: drawn with a fixed seed, plus edges of each reduction.
"""
import math
import random
import struct

from mpmath import (atan2, cos, cosh, erfc, exp, expm1, findroot, log, log1p, mp, mpf, pi, sin, sinh, sqrt, tanh)

mp.prec = 400
rng = random.Random(20240731)


def bits(x):
    return struct.pack('>d', x).hex()


def uniform(lo, hi, n):
    return [rng.uniform(lo, hi) for _ in range(n)]


def log_uniform(lo, hi, n):
    return [math.exp(rng.uniform(math.log(lo), math.log(hi))) for _ in range(n)]


def signed(points):
    return [x if rng.random() < 0.5 else -x for x in points]


def neighbours(points):
    return [y for x in points for y in (math.nextafter(x, -math.inf), x, math.nextafter(x, math.inf))]


def quantile(p):
    """Newton's method in 400 bits on Phi(z) = erfc(-z / sqrt 2) / 2, on the side of the nearer end."""
    p = mpf(p)
    if p > mpf(1) / 2:
        return -quantile_lower(1 - p)
    return quantile_lower(p)


def quantile_lower(p):
    if p == mpf(1) / 2:
        return mpf(0)
    t = sqrt(-2 * log(p))
    z = -(t - (mpf('2.515517') + mpf('0.802853') * t + mpf('0.010328') * t * t)
          / (1 + mpf('1.432788') * t + mpf('0.189269') * t * t + mpf('0.001308') * t ** 3))
    for _ in range(12):
        cdf = erfc(-z / sqrt(mpf(2))) / 2
        pdf = exp(-z * z / 2) / sqrt(2 * pi)
        # Newton on log Phi, which converges in the tails
        step = (log(cdf) - log(p)) * cdf / pdf
        z -= step
        if abs(step) < mpf(2) ** -200 * (1 + abs(z)):
            break
    return z


def two_u(x):
    return 2 * sqrt(2 / pi) * (x + mpf('0.044715') * x ** 3)


half_ln2 = [k * math.log(2) / 2 for k in (-5, -3, -1, 1, 3, 5)]
quarter_pi = [k * math.pi / 4 for k in range(-9, 10)]
one_argument = {
    'exp': (exp, uniform(-708, 709, 250) + uniform(-1, 1, 100) + signed(log_uniform(1e-20, 1, 40)) + neighbours(half_ln2)),
    'log': (log, log_uniform(1e-307, 1e307, 150) + uniform(0.4, 2.1, 250) + [5e-324, 1e-310, 2.2250738585072014e-308]
            + neighbours([0.5, 1 / math.sqrt(2), 1.0, math.sqrt(2), 2.0])),
    'log1p': (log1p, uniform(-0.99999, 1.5, 250) + signed(log_uniform(1e-19, 0.5, 100)) + log_uniform(0.5, 1e300, 60)
              + neighbours([math.sqrt(0.5) - 1, math.sqrt(2) - 1, 1.0, -0.5])),
    'expm1': (expm1, uniform(-3, 3, 250) + signed(log_uniform(1e-19, 1, 80)) + uniform(-45, 709, 60) + neighbours(half_ln2)),
    'tanh': (tanh, uniform(-3, 3, 250) + signed(log_uniform(1e-19, 1, 80)) + uniform(-23, 23, 60) + neighbours([0.5, 1.0])),
    'sinh': (sinh, uniform(-3, 3, 250) + signed(log_uniform(1e-19, 1, 80)) + uniform(-710, 710, 60) + neighbours([22.0])),
    'cosh': (cosh, uniform(-3, 3, 200) + uniform(-710, 710, 60)),
    'sin': (sin, uniform(-7, 7, 200) + uniform(-1e5, 1e5, 100) + uniform(-1e9, 1e9, 40) + signed(log_uniform(1e-19, 1, 40))
            + neighbours(quarter_pi) + [float(k * pi / 2) for k in range(-40, 41)]),
    'cos': (cos, uniform(-7, 7, 200) + uniform(-1e5, 1e5, 100) + uniform(-1e9, 1e9, 40) + signed(log_uniform(1e-19, 1, 40))
            + neighbours(quarter_pi) + [float(k * pi / 2) for k in range(-40, 41)]),
    'sigmoid': (lambda x: 1 / (1 + exp(-x)), uniform(-700, 40, 100) + uniform(-5, 5, 200)),
    'softplus': (lambda x: log1p(exp(x)), uniform(-700, 40, 100) + uniform(-5, 5, 200)),
    'gelu': (lambda x: x / (1 + exp(-two_u(x))), uniform(-0.5, 8, 200) + signed(log_uniform(1e-19, 0.5, 40))),
    'normalquantile': (quantile, uniform(0, 1, 150) + log_uniform(1e-300, 0.1, 100) + [1 - x for x in log_uniform(1e-15, 0.1, 60)]
                       + [0.5 + x for x in signed(log_uniform(1e-15, 0.4, 40))] + neighbours([0.075, 0.925])
                       + [1e-310, 5e-324]),
}


def write(out, name, arguments, value):
    high = float(value)
    low = float(value - mpf(high))
    out.write(','.join([name, *map(bits, arguments), bits(high), bits(low)]) + '\n')


with open('double_reference.csv', 'w', newline='\n') as out:
    for name, (f, points) in one_argument.items():
        for x in points:
            write(out, name, [x], f(mpf(x)))
    pairs = list(zip(signed(log_uniform(1e-3, 1e3, 300)), signed(log_uniform(1e-3, 1e3, 300))))
    pairs += list(zip(signed(log_uniform(1e-300, 1e300, 80)), signed(log_uniform(1e-300, 1e300, 80))))
    pairs += [(s * r, c) for r in neighbours([0.4375, 0.6875, 1.0]) for s in (-1, 1) for c in (-1.0, 1.0)]
    pairs += [(1e308, 1.5e308), (3e-320, -2e-320), (5e-324, 1e-323), (-1.7e308, -1.7e308)]
    for y, x in pairs:
        value = atan2(mpf(y), mpf(x))
        if abs(value) > mpf(2) ** -1021:
            write(out, 'atan2', [y, x], value)
