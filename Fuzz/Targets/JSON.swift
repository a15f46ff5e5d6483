import StrictJSON

extension FuzzTarget {
  /// JSON: what was read, written and read again is the same.
  static let json = FuzzTarget("json") { input in
    let value = try StrictJSON.parse(input.bytes, file: "input.json")
    for layout in [JSONWriter.Layout.indented, .line, .minimal] {
      try require(
        StrictJSON.parse(JSONWriter(layout: layout).bytes(value), file: "written.json") == value,
        "the layout \(layout) changes the value")
    }
  }
}
