import Kernels
import Testing

struct RandomSiteTests {
  /// A kind of site with its numbers at the ends of all its ranges.
  struct Kind {
    let name: String
    let sites: [RandomSite]
    let count: Int

    init(_ name: String, _ a: Range<Int>, _ make: (Int) -> RandomSite) {
      self.name = name
      sites = Self.ends(a).map(make)
      count = a.count
    }

    init(_ name: String, _ a: Range<Int>, _ b: Range<Int>, _ make: (Int, Int) -> RandomSite) {
      self.name = name
      sites = Self.ends(a).flatMap { first in Self.ends(b).map { make(first, $0) } }
      count = a.count * b.count
    }

    static func ends(_ range: Range<Int>) -> [Int] {
      let near = (0..<3).flatMap { [range.lowerBound + $0, range.upperBound - 1 - $0] }
      let powers = (0..<32).flatMap { [1 << $0 - 1, 1 << $0, 1 << $0 + 1] }
      return Set(near + powers).filter(range.contains).sorted()
    }
  }

  static let text = Kind("text", RandomSite.places) { .text($0) }
  static let round = Kind("text in rounds", RandomSite.places, RandomSite.rounds) {
    .text($0, round: $1)
  }
  static let row = Kind("row", RandomSite.dataRows, RandomSite.halves) { .row($0, half: $1) }
  static let shard = Kind("shard", RandomSite.shards) { .shard($0) }
  static let tape = Kind("tape", RandomSite.shards, RandomSite.functions) {
    .tape(shard: $0, function: $1)
  }
  static let part = Kind("part", RandomSite.parts) { .part($0) }
  static let weight = Kind("weight", RandomSite.weights) { .weight($0) }
  static let projection = Kind("projection", RandomSite.projections) { .projection($0) }
  static let bank = Kind("bank", RandomSite.banks) { .bank($0) }
  static let order = Kind("order of rows", 0..<1) { _ in .rows }
  static let layers = Kind("layers", 0..<1) { _ in .layers }

  /// What a run draws for one purpose.
  static let together: [[Kind]] = [
    [weight, projection, bank], [order, layers], [tape], [text], [round], [row], [shard], [part],
  ]

  @Test(arguments: together.indices) func sitesOfOnePurposeNeverMeet(_ group: Int) {
    let kinds = Self.together[group]
    var owner: [UInt32: String] = [:]
    for kind in kinds {
      for (place, site) in kind.sites.enumerated() {
        let found = owner.updateValue("\(kind.name) \(place)", forKey: site.number)
        #expect(found == nil, "\(kind.name) \(place) has the number of \(found ?? "")")
      }
    }
    #expect(kinds.reduce(0) { $0 + $1.count } <= 1 << 32)
  }

  /// Each kind fills an interval without gaps, so that its ends say where it meets others.
  @Test(arguments: together.indices) func kindsAreIntervals(_ group: Int) {
    var intervals: [ClosedRange<UInt32>] = []
    for kind in Self.together[group] {
      let numbers = kind.sites.map(\.number)
      let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 0)
      #expect(Int(high) - Int(low) + 1 == kind.count, "\(kind.name)")
      intervals.append(low...high)
    }
    for (place, interval) in intervals.enumerated() {
      #expect(intervals[..<place].allSatisfy { !$0.overlaps(interval) })
    }
  }

  @Test func numbersAreThoseOfEarlierVersions() {
    #expect(RandomSite.weight(7).number == 7)
    #expect(RandomSite.projection(7).number == 1 << 24 | 7)
    #expect(RandomSite.bank(1).number == 3 << 23 | 1)
    #expect(RandomSite.layers.number == 1 << 24 && RandomSite.rows.number == 0)
    #expect(RandomSite.tape(shard: 3, function: 5).number == 3 << 20 | 5)
    #expect(RandomSite.text(9).number == 9 && RandomSite.shard(9).number == 9)
    #expect(RandomSite.text(9, round: 4).number == 9 << 12 | 4)
    #expect(RandomSite.row(9, half: 1).number == 19)
    #expect(RandomSite.part(3).number == 3)
  }
}
