/// Byte strings with ids, found by content: open addressing over one array of bytes, so that
/// looking up a slice of a text copies nothing.
struct ByteStringIndex: Sendable {
  private struct Slot {
    var hash: UInt32 = 0
    var start: UInt32 = 0
    /// −1 in a free slot.
    var length: Int32 = -1
    var id: Int32 = 0
  }

  private var slots: [Slot]
  private var storage: [UInt8] = []
  private var count = 0
  /// New in each process, so that a crafted vocabulary cannot force collisions.
  private let seed = UInt64.random(in: 0 ... .max)

  /// An index without strings, with room for `capacity` of them.
  init(capacity: Int = 0) {
    var size = 64
    while size < capacity * 2 { size *= 2 }
    slots = [Slot](repeating: Slot(), count: size)
  }

  /// Adds a string, or replaces the id of one that exists already.
  mutating func insert(_ bytes: ArraySlice<UInt8>, id: Int32) {
    if count * 2 >= slots.count { grow() }
    let hash = hash(bytes)
    let place = place(of: bytes, hash)
    if slots[place].length < 0 {
      slots[place] = Slot(
        hash: hash, start: UInt32(storage.count), length: Int32(bytes.count), id: id)
      storage += bytes
      count += 1
    } else {
      slots[place].id = id
    }
  }

  /// The id of a string, or −1.
  func id(of bytes: ArraySlice<UInt8>) -> Int32 {
    let slot = slots[place(of: bytes, hash(bytes))]
    return slot.length < 0 ? -1 : slot.id
  }

  /// The slot of a string, or the free slot where it would be stored.
  @inline(__always)
  private func place(of bytes: ArraySlice<UInt8>, _ hash: UInt32) -> Int {
    let mask = slots.count - 1
    var place = Int(hash) & mask
    while true {
      let slot = slots[place]
      if slot.length < 0 { return place }
      if slot.hash == hash, Int(slot.length) == bytes.count, matches(bytes, Int(slot.start)) {
        return place
      }
      place = (place + 1) & mask
    }
  }

  @inline(__always)
  private func matches(_ bytes: ArraySlice<UInt8>, _ start: Int) -> Bool {
    var position = start
    for byte in bytes {
      if storage[position] != byte { return false }
      position += 1
    }
    return true
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    for slot in old where slot.length >= 0 {
      var place = Int(slot.hash) & (slots.count - 1)
      while slots[place].length >= 0 { place = (place + 1) & (slots.count - 1) }
      slots[place] = slot
    }
  }

  @inline(__always)
  private func hash(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var hash = seed
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 29)
  }
}
