"""Fits the minimax polynomials of src/EventService.Numerics/Functions (Remez exchange, mpmath 1.2 or newer).

Run: python3 tools/fit_polynomials.py
Each line printed is a coefficient, lowest power first, then the largest error in the measure given beside the fit.
"""
import struct

from mpmath import atan, atanh, cos, exp, expm1, log, log1p, matrix, lu_solve, mp, mpf, pi, sin, sqrt

mp.prec = 300


def remez(f, weight, lo, hi, degree, iterations=12):
    """Polynomial p of the degree that minimises max |weight(x) * (p(x) - f(x))| on [lo, hi]."""
    n = degree + 2
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * k / (n - 1)) for k in range(n)]
    grid = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * k / 1500) for k in range(1501)]
    grid = [x for x in grid if weight(x) != 0]
    values = [(x, f(x), weight(x)) for x in grid]
    for _ in range(iterations):
        a = matrix(n, n)
        b = matrix(n, 1)
        for i, x in enumerate(xs):
            w = weight(x)
            if w == 0:
                x = x + (hi - lo) / 100000
                w = weight(x)
            for j in range(degree + 1):
                a[i, j] = x ** j
            a[i, degree + 1] = (-1) ** i / w
            b[i] = f(x)
        c = lu_solve(a, b)
        errors = [(x, w * (sum(c[j] * x ** j for j in range(degree + 1)) - fx)) for x, fx, w in values]
        # Alternating extrema: the largest point of each run of equal sign.
        extrema = []
        for x, e in errors:
            if extrema and (extrema[-1][1] > 0) == (e > 0):
                if abs(e) > abs(extrema[-1][1]):
                    extrema[-1] = (x, e)
            else:
                extrema.append((x, e))
        while len(extrema) > n:
            extrema.pop(0 if abs(extrema[0][1]) < abs(extrema[-1][1]) else -1)
        if len(extrema) < n:
            break
        xs = [x for x, _ in extrema]
    return [c[j] for j in range(degree + 1)], max(abs(e) for _, e in errors)


def single(x):
    return struct.unpack('f', struct.pack('f', float(x)))[0]


def show(name, fit, is_double):
    c, e = fit
    print(f'{name}: error {float(e):.3g} = 2^{float(log(e, 2)):.2f}')
    for x in c:
        print(f'    {float(x)!r}' if is_double else f'    {single(x):.9g}f')


def main():
    h = log(mpf(2)) / 2 * mpf('1.0005')
    # exp(r) = 1 + r + r^2 q(r); bound of the error relative to expm1(r).
    q = lambda r: (expm1(r) - r) / r ** 2 if abs(r) > mpf(10) ** -30 else mpf(1) / 2
    w = lambda r: h
    show('exp float q', remez(q, w, -h, h, 4), False)
    show('exp double q', remez(q, w, -h, h, 9), True)
    show('exp double q10', remez(q, w, -h, h, 10), True)

    # log1p(f) = f - f^2 / 2 + f^3 p(f), f in [-1/3, 1/3]; bound of the relative error
    p = lambda f: (log1p(f) - f + f * f / 2) / f ** 3 if abs(f) > mpf(10) ** -25 else mpf(1) / 3
    w = lambda f: t * t
    t = mpf(1) / 3 * mpf('1.0001')
    show('log float p6', remez(p, w, -t, t, 6), False)
    show('log float p7', remez(p, w, -t, t, 7), False)

    # log1p(e) / e on [0, 1]
    p = lambda e: log1p(e) / e if e != 0 else mpf(1)
    for d in (8, 9, 10):
        show(f'softplus p{d}', remez(p, lambda e: 1 / p(e), mpf(0), mpf(1), d), False)

    # 2 atanh(s) = 2 s + s z r(z), z = s^2, |s| <= 3 - 2 sqrt(2)
    z1 = (3 - 2 * sqrt(mpf(2))) ** 2 * mpf('1.001')
    r = lambda z: 2 * (atanh(sqrt(z)) / sqrt(z) - 1) / z if z > mpf(10) ** -25 else mpf(2) / 3
    for d in (5, 6, 7):
        show(f'log double r{d}', remez(r, lambda z: z / 2, mpf(0), z1, d), True)

    # sin(r) = r + r^3 s(r^2); cos(r) = 1 - r^2 / 2 + r^4 c(r^2); |r| <= pi/4
    x1 = (pi / 4 * mpf('1.01')) ** 2
    s = lambda x: (sin(sqrt(x)) / sqrt(x) - 1) / x if x > mpf(10) ** -25 else -mpf(1) / 6
    c = lambda x: (cos(sqrt(x)) - 1 + x / 2) / x ** 2 if x > mpf(10) ** -20 else mpf(1) / 24
    show('sin float', remez(s, lambda x: x, mpf(0), x1, 2), False)
    show('cos float', remez(c, lambda x: x * x, mpf(0), x1, 2), False)
    show('sin double', remez(s, lambda x: x, mpf(0), x1, 5), True)
    show('cos double', remez(c, lambda x: x * x, mpf(0), x1, 5), True)

    # atan(a) = a + a^3 p(a^2)
    p = lambda x: (atan(sqrt(x)) / sqrt(x) - 1) / x if x > mpf(10) ** -25 else -mpf(1) / 3
    for d in (6, 7, 8):
        show(f'atan float p{d}, a in [0, 1]', remez(p, lambda x: x, mpf(0), mpf(1), d), False)
    for d in (9, 10):
        show(f'atan double p{d}, a in [0, 7/16]', remez(p, lambda x: x, mpf(0), (mpf(7) / 16) ** 2 * mpf('1.001'), d), True)


if __name__ == '__main__':
    main()
