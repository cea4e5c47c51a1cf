"""Fits the minimax polynomials of src/EventService.Numerics/Functions (Remez exchange, mpmath 1.2 or newer).

Run: python3 tools/fit_polynomials.py
Each line printed is a coefficient, lowest power first, then the largest error in the measure given beside the fit.
"""
import struct

from mpmath import atan, atanh, cos, erfc, exp, expm1, log, log1p, lu_solve, matrix, mp, mpf, pi, sin, sqrt

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


def remez_rational(f, weight, lo, hi, n, d, iterations=25, nodes=120):
    """Ratio of polynomials of degrees n and d, denominator starting with 1: iterated least squares with Lawson's weights."""
    ts = [exp((log(lo) + log(hi)) / 2 - log(hi / lo) / 2 * cos(pi * (k + mpf(1) / 2) / nodes)) for k in range(nodes)]
    values = [f(t) for t in ts]
    below = [mpf(1)] * nodes
    lawson = [mpf(1)] * nodes
    best = None
    for iteration in range(iterations):
        a = matrix(nodes, n + 1 + d)
        b = matrix(nodes, 1)
        for i, (t, v) in enumerate(zip(ts, values)):
            w = sqrt(lawson[i]) * weight(t) / below[i]
            for j in range(n + 1):
                a[i, j] = w * t ** j
            for j in range(1, d + 1):
                a[i, n + j] = -w * v * t ** j
            b[i] = w * v
        x = lu_solve(a.T * a, a.T * b)
        num = [x[j] for j in range(n + 1)]
        den = [mpf(1)] + [x[n + j] for j in range(1, d + 1)]
        below = [sum(c * t ** j for j, c in enumerate(den)) for t in ts]
        errors = [weight(t) * abs(sum(c * t ** j for j, c in enumerate(num)) / q - v) for t, v, q in zip(ts, values, below)]
        if best is None or max(errors) < best[1]:
            best = (num + den, max(errors))
        if iteration > 4:
            mean = sum(w * e for w, e in zip(lawson, errors)) / nodes
            lawson = [w * e / mean + mpf(10) ** -12 for w, e in zip(lawson, errors)]
    return best


def normal_quantile(p):
    """z of Phi(z) = p for p <= 1/2, by Newton's method on log Phi."""
    t = sqrt(-2 * log(p))
    z = -(t - (mpf('2.5155') + mpf('0.8029') * t + mpf('0.01033') * t * t)
          / (1 + mpf('1.4328') * t + mpf('0.1893') * t * t + mpf('0.001308') * t ** 3))
    for _ in range(10):
        cdf = erfc(-z / sqrt(mpf(2))) / 2
        step = (log(cdf) - log(p)) * cdf * sqrt(2 * pi) * exp(z * z / 2)
        z -= step
        if abs(step) < mpf(2) ** -140:
            break
    return z


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
    show('exp double q', remez(q, w, -h, h, 10), True)

    # log1p(f) = f - f^2 / 2 + f^3 p(f), f in [-1/3, 1/3]; bound of the relative error
    p = lambda f: (log1p(f) - f + f * f / 2) / f ** 3 if abs(f) > mpf(10) ** -25 else mpf(1) / 3
    w = lambda f: t * t
    t = mpf(1) / 3 * mpf('1.0001')
    show('log float p', remez(p, w, -t, t, 7), False)

    # log1p(e) / e on [0, 1]
    p = lambda e: log1p(e) / e if e != 0 else mpf(1)
    show('softplus float p', remez(p, lambda e: 1 / p(e), mpf(0), mpf(1), 9), False)

    # 2 atanh(s) = 2 s + s z r(z), z = s^2, |s| <= 3 - 2 sqrt(2)
    z1 = (3 - 2 * sqrt(mpf(2))) ** 2 * mpf('1.001')
    r = lambda z: 2 * (atanh(sqrt(z)) / sqrt(z) - 1) / z if z > mpf(10) ** -25 else mpf(2) / 3
    show('log double r', remez(r, lambda z: z / 2, mpf(0), z1, 7), True)

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
    show('atan float p, a in [0, 1]', remez(p, lambda x: x, mpf(0), mpf(1), 8), False)
    show('atan double p, a in [0, 7/16]', remez(p, lambda x: x, mpf(0), (mpf(7) / 16) ** 2 * mpf('1.001'), 10), True)

    # Normal quantile z(p), q = p - 1/2: centre |q| <= 0.35, z = q (sqrt(2 pi) + q^2 c(q^2)); tail t = sqrt(-2 ln p), z = C(t) - t.
    mp.prec = 160
    q1 = (mpf('0.35') * mpf('1.0001')) ** 2
    def c(r):
        q = sqrt(max(r, mpf(10) ** -20))
        return (-normal_quantile(mpf(1) / 2 - q) / q - sqrt(2 * pi)) / max(r, mpf(10) ** -20)
    show('normal quantile float, centre', remez(c, lambda r: r / sqrt(2 * pi), mpf(0), q1, 7), False)
    tail = lambda t: t + normal_quantile(exp(-t * t / 2))
    w = lambda t: -1 / normal_quantile(exp(-t * t / 2))
    t0 = sqrt(-2 * log(mpf('0.15001')))
    show('normal quantile float, tail, numerator 3, denominator 4', remez_rational(tail, w, t0, mpf('14.45'), 3, 4), False)


if __name__ == '__main__':
    main()
