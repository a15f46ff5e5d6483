/// The members of a JSON object in source order, found by key in constant time.
///
/// Keys are equal if their UTF-8 bytes are equal. Swift's own `==` treats canonically equivalent
/// strings as equal, which would lose rows of a vocabulary.
public struct JSONObject: Sendable {
  /// One `"key": value`.
  public struct Member: Sendable {
    /// The key, with its escapes resolved.
    public let key: String
    /// Where the key starts.
    public let keyPosition: JSONPosition
    /// The value.
    public let value: JSONValue

    /// A member; by default one that does not come from a text.
    public init(key: String, keyPosition: JSONPosition = .none, value: JSONValue) {
      self.key = key
      self.keyPosition = keyPosition
      self.value = value
    }
  }

  /// The members in source order.
  public private(set) var members: [Member] = []

  /// Open addressing over `members`: index + 1, or 0 for a free slot. Empty while the object is so
  /// small that comparing every key is faster.
  private var slots: [UInt32] = []

  private static let smallCount = 8

  /// An object without members.
  public init() {}

  /// Members in the given order. Of equal keys the last value counts, at the place of the first.
  public init(_ members: [(String, JSONValue)]) {
    for (key, value) in members { self[key] = value }
  }

  /// Members with their positions, in the given order. Of equal keys the first one counts.
  public init(members: [Member]) {
    for member in members { _ = append(member) }
  }

  /// The number of members.
  public var count: Int { members.count }

  /// Whether there are no members.
  public var isEmpty: Bool { members.isEmpty }

  /// The keys in source order.
  public var keys: [String] { members.map(\.key) }

  /// The member with a given key, including the position of the key; nil if there is none.
  public func member(_ key: String) -> Member? { index(of: key).map { members[$0] } }

  /// The value of a key. Setting an existing key keeps its place, setting a new one appends it, and
  /// setting nil removes it.
  public subscript(key: String) -> JSONValue? {
    get { index(of: key).map { members[$0].value } }
    set {
      switch (index(of: key), newValue) {
      case (let place?, let value?):
        let old = members[place]
        members[place] = Member(key: old.key, keyPosition: old.keyPosition, value: value)
      case (nil, let value?):
        _ = append(Member(key: key, value: value))
      case (let place?, nil):
        members.remove(at: place)
        rebuildSlots()
      case (nil, nil):
        break
      }
    }
  }

  /// Appends a member unless its key exists already; returns whether it did.
  mutating func append(_ member: Member) -> Bool {
    if index(of: member.key) != nil { return false }
    members.append(member)
    if members.count > Self.smallCount {
      if members.count * 2 > slots.count {
        rebuildSlots()
      } else {
        occupy(slotFor: members.count - 1)
      }
    }
    return true
  }

  private func index(of key: String) -> Int? {
    if slots.isEmpty {
      return members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }
    var slot = Self.hash(key) & (slots.count - 1)
    while slots[slot] != 0 {
      let place = Int(slots[slot]) - 1
      if members[place].key.utf8.elementsEqual(key.utf8) { return place }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  private mutating func occupy(slotFor place: Int) {
    var slot = Self.hash(members[place].key) & (slots.count - 1)
    while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = UInt32(place + 1)
  }

  private mutating func rebuildSlots() {
    if members.count <= Self.smallCount {
      slots = []
      return
    }
    var capacity = 32
    while capacity < members.count * 4 { capacity *= 2 }
    slots = [UInt32](repeating: 0, count: capacity)
    for place in members.indices { occupy(slotFor: place) }
  }

  /// Swift's own hash has a new seed in each process, so a crafted file cannot force collisions.
  private static func hash(_ key: String) -> Int {
    var hasher = Hasher()
    var key = key
    key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    return hasher.finalize()
  }
}
