/// The place in a step at which random numbers are drawn. Together with seed, purpose and step it
/// names a draw.
///
/// Each kind of site has its own numbers among those drawn for the same purpose in a run:
///
/// | purpose | sites |
/// | --- | --- |
/// | initialization | `weight`, `projection`, `bank` |
/// | shuffle | `rows`, `layers`, `sample`, `heldOut` |
/// | dropout, gumbel | `tape` |
/// | mask | `text`, or in methods that guess texts in rounds `text(_:round:)` |
/// | noise | one of `text`, `text(_:round:)`, `row(_:half:)` and `shard`, by the method |
/// | synthesis, bootstrap | `part` |
/// | stopping | `text` |
public struct RandomSite: Sendable, Hashable {
  /// The number that the generator's counter takes.
  public let number: UInt32

  private init(_ number: Int) { self.number = UInt32(truncatingIfNeeded: number) }

  /// Weight number `index` of a model.
  public static func weight(_ index: Int) -> RandomSite {
    precondition(weights.contains(index))
    return RandomSite(index)
  }

  /// Matrix number `index` among the maps that a method trains in addition to its models.
  public static func projection(_ index: Int) -> RandomSite {
    precondition(projections.contains(index))
    return RandomSite(1 << 24 | index)
  }

  /// The first vectors of a memory bank: 0 for the teacher's, 1 for the student's.
  public static func bank(_ side: Int) -> RandomSite {
    precondition(banks.contains(side))
    return RandomSite(3 << 23 | side)
  }

  /// The order of the rows of a data set.
  public static let rows = RandomSite(0)

  /// The choice of layers.
  public static let layers = RandomSite(1 << 24)

  /// The rows that a run trains on if it does not train on all; the step numbers the class.
  public static let sample = RandomSite(2 << 24)

  /// The rows that are held out for validation; the step numbers the class.
  public static let heldOut = RandomSite(3 << 24)

  /// A function on the tape of a shard: the shard counts from 0, the function from 1.
  public static func tape(shard: Int, function: Int) -> RandomSite {
    precondition(shards.contains(shard) && functions.contains(function))
    return RandomSite(shard << 20 | function)
  }

  /// The text at a place of its batch.
  public static func text(_ place: Int) -> RandomSite {
    precondition(places.contains(place))
    return RandomSite(place)
  }

  /// The text at a place of its batch, in a round of the work on it.
  public static func text(_ place: Int, round: Int) -> RandomSite {
    precondition(places.contains(place) && rounds.contains(round))
    return RandomSite(place << 12 | round)
  }

  /// A row of a data set. Half 0 is for what its tokens share, half 1 for what each has for itself.
  public static func row(_ row: Int, half: Int) -> RandomSite {
    precondition(dataRows.contains(row) && halves.contains(half))
    return RandomSite(row << 1 | half)
  }

  /// A shard of a batch.
  public static func shard(_ index: Int) -> RandomSite {
    precondition(shards.contains(index))
    return RandomSite(index)
  }

  /// A part of what is drawn, such as one of several data sets.
  public static func part(_ number: Int) -> RandomSite {
    precondition(parts.contains(number))
    return RandomSite(number)
  }

  /// Weights of a model.
  public static let weights = 0..<1 << 24
  /// Matrices in addition to the models.
  public static let projections = 0..<1 << 23
  /// Sides of a memory bank.
  public static let banks = 0..<2
  /// The shards of a batch, and the tape of a joint loss.
  public static let shards = 0..<1 << 12
  /// Functions of a tape.
  public static let functions = 0..<1 << 20
  /// Texts of a batch.
  public static let places = 0..<1 << 20
  /// Rounds of the work on a text.
  public static let rounds = 0..<1 << 12
  /// Rows of a data set.
  public static let dataRows = 0..<1 << 31
  /// Halves of the noise of a row.
  public static let halves = 0..<2
  /// Parts of what is drawn.
  public static let parts = 0..<1 << 32
}
