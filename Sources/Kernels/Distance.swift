extension Kernel {
  /// The Euclidean distance of two buffers' first `count` floats, summed in double precision.
  public static func distance(_ a: Buffer, _ b: Buffer, count: Int) -> Double {
    precondition(count <= a.capacity && count <= b.capacity)
    let span = Profile.begin(.elementwise, bytes: 8 * count)
    defer { span.end() }
    return a.withFloats { x in
      b.withFloats { y in
        var sum = 0.0
        for i in 0..<count {
          let difference = Double(x[i]) - Double(y[i])
          sum += difference * difference
        }
        return sum.squareRoot()
      }
    }
  }
}
