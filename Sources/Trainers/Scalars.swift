import Processes

/// Named numbers of a step in a fixed order, each a sum over the shards.
public struct Scalars: Sendable {
  /// The numbers.
  public private(set) var entries: [(name: String, value: Double)] = []

  /// No numbers.
  public init() {}

  /// The number with this name, or 0 if there is none. Setting a new name appends it.
  public subscript(_ name: String) -> Double {
    get { entries.first { $0.name == name }?.value ?? 0 }
    set {
      if let index = entries.firstIndex(where: { $0.name == name }) {
        entries[index].value = newValue
      } else {
        entries.append((name, newValue))
      }
    }
  }

  /// Adds every number of `other`, times `factor`.
  public mutating func add(_ other: Scalars, factor: Double = 1) {
    for (name, value) in other.entries { self[name] += value * factor }
  }
}

extension Scalars {
  /// Writes the numbers for another process.
  func write(to message: inout MessageWriter) {
    message.add(entries.count)
    for (name, value) in entries {
      message.add(name)
      message.add(value)
    }
  }

  /// Reads what `write(to:)` wrote.
  ///
  /// - Throws: `ProcessError`.
  init(reading message: inout MessageReader) throws {
    for _ in 0..<(try message.int()) {
      let name = try message.string()
      self[name] = try message.double()
    }
  }
}
