/// Byte strings with ids in a double-array trie: one table look-up per byte, no hashing, no copies
/// (Aoe 1989).
struct PieceTrie: Sendable {
  private struct Cell {
    /// The child for byte `b` is at `base + b`, if the parent of that cell says so.
    var base: Int32 = 0
    var parent: Int32 = -1
    /// The id of the string that ends here, or −1.
    var id: Int32 = -1
  }

  /// A node, as an index into the cells.
  typealias Node = Int
  /// The node at which every string starts.
  static let root: Node = 0

  private var cells: [Cell]

  /// A trie of `keys`. Of equal keys the id of the last one counts, as in a vocabulary file.
  init(_ keys: [(bytes: ArraySlice<UInt8>, id: Int32)]) {
    cells = [Cell](repeating: Cell(), count: 1024)
    cells[0].parent = 0
    let sorted = keys.sorted { a, b in
      a.bytes.lexicographicallyPrecedes(b.bytes)
        || (!b.bytes.lexicographicallyPrecedes(a.bytes) && a.id < b.id)
    }
    var firstFree = 1
    var pending: [(node: Int, rows: Range<Int>, depth: Int)] = [(0, 0..<sorted.count, 0)]
    while let (node, rows, depth) = pending.popLast() {
      var children: [(byte: Int, rows: Range<Int>)] = []
      for row in rows {
        let bytes = sorted[row].bytes
        guard bytes.count > depth else {
          cells[node].id = sorted[row].id
          continue
        }
        let byte = Int(bytes[bytes.startIndex + depth])
        if let last = children.indices.last, children[last].byte == byte {
          children[last].rows = children[last].rows.lowerBound..<(row + 1)
        } else {
          children.append((byte, row..<(row + 1)))
        }
      }
      guard let lowest = children.first?.byte else { continue }
      while cells[firstFree].parent >= 0 { firstFree += 1 }
      var base = max(1, firstFree - lowest)
      let start = base
      var taken = 0
      while true {
        if base + 512 > cells.count {
          cells += [Cell](repeating: Cell(), count: cells.count)
        }
        if cells[base + lowest].parent >= 0 {
          taken += 1
        } else if children.allSatisfy({ cells[base + $0.byte].parent < 0 }) {
          break
        }
        base += 1
      }
      // Regions with hardly any gaps are not searched again; otherwise building would take
      // quadratic time.
      if base > start, taken * 20 >= (base - start) * 19 { firstFree = base + lowest }
      cells[node].base = Int32(base)
      for child in children {
        cells[base + child.byte].parent = Int32(node)
        pending.append((base + child.byte, child.rows, depth + 1))
      }
    }
  }

  /// The child of a node for a byte, or nil.
  @inline(__always)
  func child(of node: Node, by byte: UInt8) -> Node? {
    let index = Int(cells[node].base) + Int(byte)
    return cells[index].parent == Int32(truncatingIfNeeded: node) ? index : nil
  }

  /// The id of the string that ends at a node, or −1.
  @inline(__always)
  func id(at node: Node) -> Int32 { cells[node].id }

  /// The node reached by all of `bytes`, or nil.
  func node(_ bytes: some Sequence<UInt8>, from start: Node = root) -> Node? {
    var node = start
    for byte in bytes {
      guard let next = child(of: node, by: byte) else { return nil }
      node = next
    }
    return node
  }
}
