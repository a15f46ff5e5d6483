extension JSONValue {
  /// The values inside, each with the keys that lead to it joined by dots, in order. An array is
  /// one value. Members that are null are left out.
  public var flattened: [(path: String, value: JSONValue)] {
    var found: [(path: String, value: JSONValue)] = []
    func visit(_ value: JSONValue, _ path: String) {
      guard let object = value.object else {
        if !value.isNull { found.append((path, value)) }
        return
      }
      for member in object.members {
        visit(member.value, path.isEmpty ? member.key : "\(path).\(member.key)")
      }
    }
    visit(self, "")
    return found
  }
}
