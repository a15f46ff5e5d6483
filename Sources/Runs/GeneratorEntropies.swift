import Files
import StrictJSON

/// How sure an adversary's generator is of the words that it puts into masked places: a histogram
/// of entropies at the beginning of a run, in each evaluation and at the end.
///
/// It is measured on the probe texts, not on the batches of training: their masks stay the same, so
/// that two histograms differ only by what the generator has learnt, and a run that is resumed
/// needs nothing of the steps before. A mean hides what matters here: a generator that collapses at
/// half of the places has the same mean as one that has grown a little surer everywhere.
final class GeneratorEntropies {
  /// The file in the run's folder, a JSON object in each line.
  static let fileName = "generator_entropy.jsonl"
  /// The width of a histogram's ranges in nats. All words of BERT's vocabulary alike are 10.3.
  private static let width = 0.25

  private let path: String
  private let measure: () throws -> [Double]
  private var lastStep: Int?
  /// Whether the file has no histogram.
  var isEmpty: Bool { lastStep == nil }

  /// Begins the file, or goes on with it.
  ///
  /// - Parameters:
  ///   - step: the updates that were made before, if the run goes on from a checkpoint; lines of
  ///     later ones are removed.
  ///   - measure: the entropy at each masked place, in nats.
  /// - Throws: `FileError` of kind `unwritable`.
  init(folder: RunFolder, resumedAt step: Int?, measure: @escaping () throws -> [Double]) throws {
    path = "\(folder.path)/\(Self.fileName)"
    self.measure = measure
    let old = step == nil ? nil : try ByteFile.readIfThere(path, atMost: 64 << 20)
    let kept = (old ?? []).split(separator: 0x0A).compactMap { line -> (Int, [UInt8])? in
      // A line that an interruption cut off is no JSON.
      guard let found = try? StrictJSON.parse(Array(line), file: path)["step"]?.int,
        found <= step ?? 0
      else { return nil }
      return (found, Array(line))
    }
    lastStep = kept.last?.0
    try ByteFile.write(kept.flatMap { $1 + [0x0A] }, to: path)
  }

  /// Measures and writes a histogram.
  ///
  /// - Returns: the histogram; nil if there is one of this step already, or if nothing is masked.
  /// - Throws: `FileError`, or what measuring throws.
  func record(step: Int) throws -> Histogram? {
    guard step != lastStep else { return nil }
    let histogram = Histogram(try measure(), width: Self.width)
    guard histogram.count > 0 else { return nil }
    try ByteFile.append(
      JSONWriter(layout: .line).bytes(histogram.json(step: step)) + [0x0A], to: path)
    lastStep = step
    return histogram
  }
}
