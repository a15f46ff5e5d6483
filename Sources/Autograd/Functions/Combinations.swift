import Kernels

extension Tape {
  /// a + b, both of the same shape.
  public func sum(_ a: Tensor, _ b: Tensor) -> Tensor {
    let pool = pool
    let value = pool.matrix(a.rows, a.columns)
    value.copy(from: a.value)
    Kernel.add(b.value, to: value)
    return result(value, of: [a, b]) { gradient, owned in
      let shared = !owned || a.requiresGradient && b.requiresGradient
      a.accumulate(gradient, pool: pool, shared: shared)
      b.accumulate(gradient, pool: pool, shared: shared)
    }
  }

  /// x times a constant factor.
  public func scaled(_ x: Tensor, by factor: Float) -> Tensor {
    let pool = pool
    let value = pool.zeros(x.rows, x.columns)
    Kernel.add(x.value, to: value, alpha: factor)
    return result(value, of: [x]) { gradient, _ in
      if let target = x.leafGradientTarget(pool) {
        Kernel.add(gradient, to: target, alpha: factor)
      }
    }
  }

  /// A range of consecutive columns of x.
  public func columns(_ x: Tensor, _ range: Range<Int>) -> Tensor {
    let pool = pool
    let value = pool.matrix(x.rows, range.count)
    value.copy(from: x.value.columns(range))
    return result(value, of: [x]) { gradient, _ in
      if let target = x.leafGradientTarget(pool) {
        Kernel.add(gradient, to: target.columns(range))
      }
    }
  }

  /// The columns of all parts side by side; all parts have the same number of rows.
  public func concatenated(_ parts: [Tensor]) -> Tensor {
    let pool = pool
    let value = pool.matrix(parts.first?.rows ?? 0, parts.reduce(0) { $0 + $1.columns })
    var ranges: [Range<Int>] = []
    for part in parts {
      let start = ranges.last?.upperBound ?? 0
      ranges.append(start..<start + part.columns)
      value.columns(start..<start + part.columns).copy(from: part.value)
    }
    return result(value, of: parts) { gradient, _ in
      for (part, range) in zip(parts, ranges) {
        if let target = part.leafGradientTarget(pool) {
          Kernel.add(gradient.columns(range), to: target)
        }
      }
    }
  }

  /// The mean of the rows of each text: row i of the result is the mean of rows
  /// offsets[i]..<offsets[i + 1].
  public func meanRows(_ x: Tensor, offsets: [Int]) -> Tensor {
    let pool = pool
    let value = pool.matrix(offsets.count - 1, x.columns)
    Kernel.meanRows(x.value, offsets: offsets, into: value)
    return result(value, of: [x]) { gradient, _ in
      if let target = x.leafGradientTarget(pool) {
        Kernel.addMeanRowsGradient(gradient, offsets: offsets, to: target)
      }
    }
  }

  /// Each row divided by its Euclidean length (torch.nn.functional.normalize).
  public func normalizedRows(_ x: Tensor) -> Tensor {
    let pool = pool
    let value = pool.matrix(x.rows, x.columns)
    let norms = Kernel.normalizeRows(x.value, into: value)
    return result(value, of: [x]) { gradient, owned in
      let d = owned ? gradient : pool.matrix(gradient.rows, gradient.columns)
      Kernel.normalizeRowsGradient(value, norms: norms, gradient, into: d)
      x.accumulate(d, pool: pool)
    }
  }
}
