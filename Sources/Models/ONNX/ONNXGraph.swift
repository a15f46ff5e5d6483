import Files

/// A graph of ONNX operators under construction, and its file.
///
/// Source: `onnx/onnx.proto` and the operators' documentation of ONNX. The numbers of fields are
/// those of onnx.proto.
struct ONNXGraph {
  /// The type of a tensor's elements, by its number in `TensorProto.DataType`.
  enum ElementType: Int {
    case float = 1
    case int8 = 3
    case int64 = 7

    var size: Int {
      switch self {
      case .float: 4
      case .int8: 1
      case .int64: 8
      }
    }
  }

  /// A dimension of an input or output.
  enum Dimension {
    case fixed(Int)
    case named(String)
  }

  /// An attribute of a node.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case float(Float)
  }

  /// What a file says about itself.
  struct Header {
    /// The version of the operators.
    let opset: Int
    let producer: String
    /// Properties of the model for whoever reads it.
    let metadata: [(String, String)]
  }

  /// A constant tensor, whose values are produced when they are written.
  private struct Constant {
    var name: String
    var type: ElementType
    var shape: [Int]
    var write: (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

    var byteCount: Int { shape.reduce(type.size, *) }

    /// The message up to the bytes of the values.
    var head: ProtobufMessage {
      ProtobufMessage { tensor in
        for length in shape { tensor.integer(1, length) }
        tensor.integer(2, type.rawValue)
        tensor.text(8, name)
        tensor.start(9, count: byteCount)
      }
    }
  }

  private var nodes = ProtobufMessage()
  private var ports = ProtobufMessage()
  private var constants: [Constant] = []
  private var names = 0

  /// Adds an operator and returns the names of its outputs.
  mutating func nodes(
    _ type: String, _ inputs: [String], outputs: Int, _ attributes: [(String, Attribute)] = []
  ) -> [String] {
    let results = (0..<outputs).map { _ in fresh(type) }
    nodes.message(1) { node in
      for input in inputs { node.text(1, input) }
      for result in results { node.text(2, result) }
      node.text(3, results[0])
      node.text(4, type)
      for (name, value) in attributes {
        node.message(5) { attribute in
          attribute.text(1, name)
          switch value {
          case .float(let number):
            attribute.float(2, number)
            attribute.integer(20, 1)
          case .integer(let number):
            attribute.integer(3, number)
            attribute.integer(20, 2)
          case .integers(let numbers):
            for number in numbers { attribute.integer(8, number) }
            attribute.integer(20, 7)
          }
        }
      }
    }
    return results
  }

  /// Adds an operator with one output and returns its name.
  mutating func node(
    _ type: String, _ inputs: [String], _ attributes: [(String, Attribute)] = []
  ) -> String {
    nodes(type, inputs, outputs: 1, attributes)[0]
  }

  /// Adds a constant of integers and returns its name; a scalar if `shape` is empty.
  mutating func integers(_ values: [Int], shape: [Int]? = nil) -> String {
    constant(fresh("integers"), .int64, shape ?? [values.count]) { append in
      try values.map { Int64($0).littleEndian }.withUnsafeBytes { try append($0) }
    }
  }

  /// Adds a scalar and returns its name.
  mutating func scalar(_ value: Float) -> String {
    constant(fresh("scalar"), .float, []) { append in
      try withUnsafeBytes(of: value) { try append($0) }
    }
  }

  /// Adds a constant and returns its name.
  ///
  /// - Parameter write: passes on the bytes of all values, in as many pieces as it likes.
  mutating func constant(
    _ name: String, _ type: ElementType, _ shape: [Int],
    _ write: @escaping (_ append: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) -> String {
    if !constants.contains(where: { $0.name == name }) {
      constants.append(Constant(name: name, type: type, shape: shape, write: write))
    }
    return name
  }

  /// Adds an input of the graph and returns its name.
  mutating func input(_ name: String, _ type: ElementType, _ shape: [Dimension]) -> String {
    port(11, name, type, shape)
    return name
  }

  /// Makes a tensor an output of the graph, under a name of its own.
  mutating func output(_ value: String, as name: String, _ shape: [Dimension]) {
    nodes.message(1) { node in
      node.text(1, value)
      node.text(2, name)
      node.text(3, name)
      node.text(4, "Identity")
    }
    port(12, name, .float, shape)
  }

  private mutating func port(
    _ field: Int, _ name: String, _ type: ElementType, _ shape: [Dimension]
  ) {
    ports.message(field) { port in
      port.text(1, name)
      port.message(2) { description in
        description.message(1) { tensor in
          tensor.integer(1, type.rawValue)
          tensor.message(2) { dimensions in
            for length in shape {
              dimensions.message(1) { dimension in
                switch length {
                case .fixed(let number): dimension.integer(1, number)
                case .named(let name): dimension.text(2, name)
                }
              }
            }
          }
        }
      }
    }
  }

  private mutating func fresh(_ kind: String) -> String {
    names += 1
    return "\(kind)_\(names)"
  }

  /// The bytes of a file up to the graph, and how many there are in the file.
  private func layout(_ header: Header) -> (head: ProtobufMessage, graph: Int, file: Int) {
    let graph =
      nodes.bytes.count + ports.bytes.count + Self.name.bytes.count
      + constants.reduce(0) { sum, constant in
        let size = constant.head.bytes.count + constant.byteCount
        return sum + ProtobufMessage { $0.start(5, count: size) }.bytes.count + size
      }
    let head = ProtobufMessage { model in
      model.integer(1, 8)
      model.text(2, header.producer)
      model.message(8) { operators in
        operators.text(1, "")
        operators.integer(2, header.opset)
      }
      for (key, value) in header.metadata {
        model.message(14) { property in
          property.text(1, key)
          property.text(2, value)
        }
      }
      model.start(7, count: graph)
    }
    return (head, graph, head.bytes.count + graph)
  }

  private static let name = ProtobufMessage { $0.text(2, "mate-kd") }

  /// The size of the file in bytes.
  func byteCount(_ header: Header) -> Int { layout(header).file }

  /// Writes the model.
  ///
  /// - Throws: `FileError` if the file cannot be written or would be 2 GiB or larger, which
  ///   Protocol Buffers do not allow.
  func write(to path: String, _ header: Header) throws {
    let layout = layout(header)
    guard layout.graph < 1 << 31 - 1 << 16 else {
      throw FileError(
        file: path,
        problem:
          "the model would take \(layout.graph >> 20) MB, and one ONNX file holds at most 2 GiB.")
    }
    try AtomicFile.write(path) { file in
      try file.append(layout.head.bytes)
      try file.append(nodes.bytes)
      try file.append(Self.name.bytes)
      for constant in constants {
        let head = constant.head.bytes
        try file.append(
          ProtobufMessage { $0.start(5, count: head.count + constant.byteCount) }.bytes)
        try file.append(head)
        var written = 0
        try constant.write { piece in
          written += piece.count
          try file.append(piece)
        }
        precondition(written == constant.byteCount, "\(constant.name) has \(written) bytes")
      }
      try file.append(ports.bytes)
    }
  }
}
