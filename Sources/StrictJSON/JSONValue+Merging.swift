extension JSONValue {
  /// This value changed by another one, as in JSON Merge Patch (RFC 7396): members of objects are
  /// merged key by key, `null` removes a key, and anything else replaces the previous value. Every
  /// key and value keeps its position in the text that it came from.
  public func merged(with change: JSONValue) -> JSONValue {
    guard let changes = change.object else { return change }
    let old = object ?? JSONObject()
    var members: [JSONObject.Member] = []
    for member in old.members {
      guard let change = changes.member(member.key) else {
        members.append(member)
        continue
      }
      if change.value.isNull { continue }
      members.append(
        JSONObject.Member(
          key: member.key, keyPosition: change.keyPosition,
          value: member.value.merged(with: change.value)))
    }
    for member in changes.members where old.member(member.key) == nil && !member.value.isNull {
      members.append(
        JSONObject.Member(
          key: member.key, keyPosition: member.keyPosition,
          // There is nothing to remove, but a null inside the new value must go.
          value: JSONValue(.null).merged(with: member.value)))
    }
    return JSONValue(
      .object(JSONObject(members: members)), position: object == nil ? change.position : position)
  }

  /// One change that does what this one and then another one would do. Unlike `merged(with:)` it
  /// keeps the nulls of both, which remove keys from what is changed.
  ///
  /// The other one must not put an object where this one has a null: no single merge patch can
  /// replace an object by another one.
  public func followed(by change: JSONValue) -> JSONValue {
    guard let first = object, let second = change.object else { return change }
    var members = first.members.map { member in
      second.member(member.key).map {
        JSONObject.Member(
          key: member.key, keyPosition: $0.keyPosition,
          value: member.value.followed(by: $0.value))
      } ?? member
    }
    members += second.members.filter { first.member($0.key) == nil }
    return JSONValue(.object(JSONObject(members: members)), position: position)
  }
}
