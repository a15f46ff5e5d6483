import Autograd
import Data
import Kernels
import Models
import Trainers

/// Logits for rows of the training data: what every teacher comes down to.
package indirect enum LogitSource: Sendable {
  /// A model that reads the tokens that the student reads.
  case model(SequenceClassifier)
  /// A model that reads the same rows as its own tokenizer cuts them.
  case reader(SequenceClassifier, of: TokenizedDataset)
  /// Logits that are known, a row for each row of the data.
  case known(Matrix)
  /// The mean of several sources, none of them an ensemble.
  case ensemble([(source: LogitSource, weight: Double)], LogitAverage, LabelSet.Problem)

  /// The number of logits of a row.
  var outputs: Int {
    switch self {
    case .model(let model), .reader(let model, _): model.labels.count
    case .known(let logits): logits.columns
    case .ensemble(let members, _, _): members[0].source.outputs
    }
  }

  /// The logits of some texts of a shard.
  func logits(_ texts: [Int], of shard: Shard, tape: Tape) -> Matrix {
    switch self {
    case .model(let model):
      return model.logits(shard.tokens.texts(texts), tape: tape, training: false).value
    case .reader(let model, let data):
      let tokens = data.batch(texts.map { shard.rows[$0] }).tokens
      return model.logits(tokens, tape: tape, training: false).value
    case .known(let logits):
      let result = tape.pool.matrix(texts.count, logits.columns)
      Kernel.gatherRows(logits, texts.map { shard.rows[$0] }, into: result)
      return result
    case .ensemble(let members, let average, let problem):
      return average.mean(
        members.map { $0.source.logits(texts, of: shard, tape: tape) },
        weights: members.map(\.weight), of: problem)
    }
  }

  /// Adds everything that the logits depend on.
  ///
  /// - Parameter data: the rows as the student reads them.
  func add(to hash: inout ContentHash, data: TokenizedDataset, pool: ThreadPool) {
    func add(_ model: SequenceClassifier, _ data: TokenizedDataset) {
      hash.add(TeacherCache.weights(of: model, pool: pool))
      hash.add("\(model.encoder.configuration)".utf8)
      hash.add(data.contentHash.utf8)
    }
    switch self {
    case .model(let model): add(model, data)
    case .reader(let model, let data): add(model, data)
    case .known(let logits): hash.add(Kernel.hash(logits, pool: pool))
    case .ensemble(let members, let average, _):
      hash.add(average.rawValue.utf8)
      for member in members {
        hash.add(member.weight.bitPattern)
        member.source.add(to: &hash, data: data, pool: pool)
      }
    }
  }

  /// The logits of all rows, if no model has to be asked.
  package var known: Matrix? {
    switch self {
    case .model, .reader: return nil
    case .known(let logits): return logits
    case .ensemble(let members, let average, let problem):
      let known = members.compactMap { $0.source.known }
      guard known.count == members.count else { return nil }
      return average.mean(known, weights: members.map(\.weight), of: problem)
    }
  }
}
