import Kernels
import Processes
import StrictJSON

extension StateRecord {
  /// Writes the record for another process.
  func write(to message: inout MessageWriter) {
    message.add(JSONWriter(layout: .minimal).bytes(JSONValue(.object(values))))
    message.add(arrays.count)
    for (name, floats) in arrays.sorted(by: { $0.key < $1.key }) {
      message.add(name)
      message.add(floats.shape.count)
      for size in floats.shape { message.add(size) }
      floats.buffer.withFloats {
        message.add(UnsafeBufferPointer(rebasing: $0[..<floats.count]))
      }
    }
  }

  /// Reads what `write(to:)` wrote.
  ///
  /// - Throws: `ProcessError` or `JSONError`.
  init(reading message: inout MessageReader) throws {
    let json = try StrictJSON.parse(
      String(decoding: message.array(), as: UTF8.self), file: "a message of another process")
    self.init(values: json.object ?? JSONObject())
    for _ in 0..<(try message.int()) {
      let name = try message.string()
      let shape = try (0..<message.int()).map { _ in try message.int() }
      let values = try message.floats()
      guard values.count == shape.reduce(1, *) else {
        throw ProcessError("array \(name) has another shape in the message of another process")
      }
      arrays[name] = Floats(
        shape: shape, buffer: Matrix(values, rows: 1, columns: values.count).buffer)
    }
  }
}
