import Glibc

/// A row-major view of a buffer: `rows` rows of `columns` floats, `stride` floats apart.
///
/// Views share memory. A layer sees its weights as views of parameters within the model's flat
/// buffer.
public struct Matrix: Sendable {
  /// The memory that this view refers to.
  public let buffer: Buffer
  /// The index of the first element in the buffer.
  public let offset: Int
  /// Number of rows.
  public let rows: Int
  /// Number of columns.
  public let columns: Int
  /// The distance between the beginnings of two consecutive rows, in floats.
  public let stride: Int

  /// A view. Rows lie next to each other unless `stride` says otherwise.
  public init(_ buffer: Buffer, offset: Int = 0, rows: Int, columns: Int, stride: Int? = nil) {
    self.buffer = buffer
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride ?? columns
    precondition(rows >= 0 && columns >= 0 && offset >= 0 && self.stride >= columns)
    precondition(
      rows == 0 || offset + (rows - 1) * self.stride + columns <= buffer.capacity,
      "matrix reaches beyond its buffer")
  }

  /// A new matrix of zeros with its own memory.
  public init(zeros rows: Int, _ columns: Int) {
    self.init(Buffer(zeroed: Self.size(rows, columns)), rows: rows, columns: columns)
  }

  /// The number of elements. Sizes whose product no integer holds become the largest one, for which
  /// no memory is found; wrapped around, they would be those of a small matrix.
  static func size(_ rows: Int, _ columns: Int) -> Int {
    let (size, wraps) = rows.multipliedReportingOverflow(by: columns)
    return wraps ? .max : size
  }

  /// A matrix with its own memory and the given values, row by row.
  public init(_ values: [Float], rows: Int, columns: Int) {
    precondition(values.count == rows * columns)
    self.init(zeros: rows, columns)
    values.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { pointer.update(from: start, count: source.count) }
    }
  }

  var pointer: UnsafeMutablePointer<Float> { buffer.base + offset }

  /// Number of elements.
  public var count: Int { rows * columns }

  /// True if the rows lie next to each other.
  public var isContiguous: Bool { stride == columns || rows <= 1 }

  /// The elements, row by row.
  public var values: [Float] {
    var result: [Float] = []
    result.reserveCapacity(count)
    for row in 0..<rows {
      result.append(contentsOf: UnsafeBufferPointer(start: pointer + row * stride, count: columns))
    }
    return result
  }

  /// One element.
  public subscript(row: Int, column: Int) -> Float {
    get { pointer[row * stride + column] }
    nonmutating set { pointer[row * stride + column] = newValue }
  }

  /// Some consecutive columns as a view.
  public func columns(_ range: Range<Int>) -> Matrix {
    Matrix(
      buffer, offset: offset + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }

  /// Some consecutive rows as a view.
  public func rows(_ range: Range<Int>) -> Matrix {
    Matrix(
      buffer, offset: offset + range.lowerBound * stride, rows: range.count, columns: columns,
      stride: stride)
  }

  /// Sets every element.
  public func fill(_ value: Float) {
    Kernel.shareRows(rows, .elementwise, bytes: 4 * columns) { range in
      for row in range { (pointer + row * stride).update(repeating: value, count: columns) }
    }
  }

  /// Copies the elements of a matrix of the same shape.
  public func copy(from other: Matrix) {
    precondition(rows == other.rows && columns == other.columns)
    Kernel.shareRows(rows, .elementwise, bytes: 8 * columns) { range in
      for row in range {
        (pointer + row * stride).update(from: other.pointer + row * other.stride, count: columns)
      }
    }
  }

  /// False if an element is NaN or infinite.
  public var isFinite: Bool {
    for row in 0..<rows {
      // Infinity and NaN times zero are NaN, so one sum finds both.
      var sum = Vector.zero
      let p = pointer + row * stride
      vectors(columns) { i, n in sum += load(p + i, n) * 0 }
      if sum.sum() != 0 { return false }
    }
    return true
  }
}
