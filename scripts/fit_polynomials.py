#!/usr/bin/env python3
"""Fits the polynomials of Sources/Kernels/VectorMath.swift and prints them with their error bounds.

erf(x) = x P(x^2) / Q(x^2) on [0, 4] (Sanathanan-Koerner iteration, relative weight),
exp(r) on [-ln2/2, ln2/2] and tanh(x) = x + x^3 P(x^2) on [0, 0.625] (least squares at Chebyshev nodes).
Needs numpy and mpmath.
"""
import math
import mpmath
import numpy as np


def nodes(a, b, n):
    return (a + b) / 2 - (b - a) / 2 * np.cos(np.pi * (np.arange(n) + 0.5) / n)


def show(name, c):
    print(name, [float(np.float32(v)) for v in c])


# erf
x = nodes(1e-3, 4.0, 4000)
f = np.array([float(mpmath.erf(v) / v) for v in x])
u = x * x
np_, nq = 7, 5
w = np.ones_like(x)
for _ in range(40):
    a = np.concatenate([np.stack([u**k for k in range(np_)], 1),
                        -np.stack([f * u**k for k in range(1, nq)], 1)], 1)
    ww = w / f
    s = np.abs(a * ww[:, None]).max(0)
    sol = np.linalg.lstsq(a / s * ww[:, None], f * ww, rcond=None)[0] / s
    p, q = sol[:np_], np.concatenate([[1.0], sol[np_:]])
    w = 1 / sum(q[k] * u**k for k in range(nq))
err = np.abs(sum(p[k] * u**k for k in range(np_)) / sum(q[k] * u**k for k in range(nq)) / f - 1).max()
show("erf P", p)
show("erf Q", q)
print("erf relative error of the fit", err)


def erf32(v):
    v = np.clip(np.float32(v), np.float32(-3.925), np.float32(3.925))
    z = v * v
    a = np.float32(p[-1])
    for c in p[-2::-1]:
        a = a * z + np.float32(c)
    b = np.float32(q[-1])
    for c in q[-2::-1]:
        b = b * z + np.float32(c)
    return v * a / b


t = np.linspace(-5, 5, 200001).astype(np.float32)
print("erf absolute error in float32",
      np.abs(erf32(t) - np.array([math.erf(float(v)) for v in t])).max())

# exp
h = math.log(2) / 2
r = nodes(-h, h, 400)
g = np.exp(r)
a = np.stack([r**k for k in range(5)], 1)
c = np.linalg.lstsq(a * (r * r / g)[:, None], (g - 1 - r) / g, rcond=None)[0]
show("exp P (1 + r + r^2 P(r))", c)
print("exp relative error of the fit", np.abs((1 + r + r * r * (a @ c)) / g - 1).max())

# tanh
x = nodes(1e-3, 0.625, 400)
z = x * x
f = (np.tanh(x) - x) / x**3
a = np.stack([z**k for k in range(5)], 1)
c = np.linalg.lstsq(a * z[:, None], f * z, rcond=None)[0]
show("tanh P", c)
print("tanh relative error of the fit", np.abs((x + x**3 * (a @ c)) / np.tanh(x) - 1).max())
