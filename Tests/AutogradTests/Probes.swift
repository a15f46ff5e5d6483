import Autograd
import Kernels

extension Probe {
  static let linear: [Probe] = [
    Probe("linear", inputs: [(3, 5)], weights: [(7, 5), (1, 7)]) { tape, x, w in
      .tensors([tape.linear(x[0], weight: w[0], bias: w[1])])
    },
    Probe("linear without bias", inputs: [(2, 3)], weights: [(17, 3)]) { tape, x, w in
      .tensors([tape.linear(x[0], weight: w[0], bias: nil)])
    },
    Probe("tied weight", inputs: [(3, 4)], weights: [(4, 4), (1, 4)]) { tape, x, w in
      let first = tape.linear(x[0], weight: w[0], bias: w[1], activation: .gelu)
      return .tensors([tape.linear(first, weight: w[0], bias: w[1])])
    },
  ]

  /// Seed 4: no input of ReLU lies so near to 0 that a difference steps over its corner.
  static let activations: [Probe] = Activation.allCases.map { f in
    Probe(
      "linear and \(f)", inputs: [(2, 3)], weights: [(4, 3), (1, 4)], seed: f == .relu ? 4 : 1
    ) { tape, x, w in .tensors([tape.linear(x[0], weight: w[0], bias: w[1], activation: f)]) }
  }

  static let rows: [Probe] = [
    Probe("gatherRows", inputs: [(5, 3)]) { tape, x, _ in
      .tensors([tape.gatherRows(x[0], [4, 0, 0, 2, 4, 4])])
    },
    Probe("gatherRows twice", inputs: [(5, 3)]) { tape, x, _ in
      .tensors([tape.gatherRows(x[0], [1, 3]), tape.gatherRows(x[0], [3, 0])])
    },
    Probe("replacingRows", inputs: [(5, 3), (2, 3)]) { tape, x, _ in
      .tensors([tape.replacingRows(x[0], [3, 0], with: x[1])])
    },
    Probe("replacingRows of what is used again", inputs: [(4, 3), (2, 3)]) { tape, x, _ in
      let a = tape.softmax(x[0])
      let b = tape.softmax(x[1])
      let replaced = tape.replacingRows(a, [1, 2], with: b)
      return .tensors([tape.sum(tape.softmax(replaced), a), b])
    },
    Probe("transposed", inputs: [(7, 2)]) { tape, x, _ in
      // Overlapping rows, so that gradients meet.
      .tensors([tape.transposed(x[0], rows: 1..<6), tape.transposed(x[0], rows: 4..<7)])
    },
    Probe("dropout", inputs: [(3, 17)]) { tape, x, _ in
      .tensors([tape.dropout(x[0], probability: 0.4)])
    },
    Probe("dropout 0", inputs: [(3, 17)]) { tape, x, _ in
      .tensors([tape.dropout(x[0], probability: 0)])
    },
    Probe("softmax", inputs: [(3, 17)]) { tape, x, _ in .tensors([tape.softmax(x[0])]) },
    Probe("softmax of dropout of softmax", inputs: [(2, 5)]) { tape, x, _ in
      .tensors([tape.softmax(tape.dropout(tape.softmax(x[0]), probability: 0.3))])
    },
  ]

  static let combinations: [Probe] = [
    Probe("sum", inputs: [(3, 5), (3, 5)]) { tape, x, _ in .tensors([tape.sum(x[0], x[1])]) },
    Probe("sum with itself", inputs: [(3, 5)]) { tape, x, _ in
      .tensors([tape.softmax(tape.sum(x[0], x[0]))])
    },
    Probe("sum of what is used again", inputs: [(3, 4), (3, 4)]) { tape, x, _ in
      let a = tape.softmax(x[0])
      let sum = tape.sum(a, tape.softmax(x[1]))
      return .tensors([tape.softmax(sum), tape.softmax(a)])
    },
    Probe("scaled", inputs: [(2, 17)]) { tape, x, _ in .tensors([tape.scaled(x[0], by: -2.5)]) },
    Probe("columns", inputs: [(3, 9)]) { tape, x, _ in
      .tensors([tape.columns(x[0], 2..<5), tape.columns(x[0], 4..<9)])
    },
    Probe("concatenated", inputs: [(3, 2), (3, 5), (3, 1)]) { tape, x, _ in
      .tensors([tape.concatenated([x[1], x[0], x[2], x[1]])])
    },
    Probe("meanRows", inputs: [(7, 5)]) { tape, x, _ in
      .tensors([tape.meanRows(x[0], offsets: [0, 1, 4, 7])])
    },
    Probe("normalizedRows", inputs: [(3, 17)]) { tape, x, _ in
      .tensors([tape.normalizedRows(x[0])])
    },
    Probe("cosines", inputs: [(3, 5), (4, 5)]) { tape, x, _ in
      .tensors([
        tape.linear(tape.normalizedRows(x[0]), weight: tape.normalizedRows(x[1]), bias: nil)
      ])
    },
  ]

  static let addNorm: [Probe] = [0, 0.3].flatMap { (p: Float) in
    [
      Probe("addNorm dropout \(p)", inputs: [(3, 17)], weights: [(1, 17), (1, 17)]) { tape, x, w in
        .tensors([
          tape.addNorm(
            x[0], residual: nil, gamma: w[0], beta: w[1], epsilon: 0.1, dropout: p)
        ])
      },
      Probe(
        "addNorm with residual dropout \(p)", inputs: [(3, 5), (3, 5)], weights: [(1, 5), (1, 5)]
      ) { tape, x, w in
        .tensors([
          tape.addNorm(
            x[0], residual: x[1], gamma: w[0], beta: w[1], epsilon: 0.1, dropout: p)
        ])
      },
    ]
  }

  /// Without dropout both terms of the sum get one gradient matrix. Functions that overwrite their
  /// gradient stand before both, in either order, and the residual is used before and after the
  /// sum.
  static let sharedResidual: [Probe] = (0..<8).map { variant in
    let (before, after, residualFirst) = (variant & 1 != 0, variant & 2 != 0, variant & 4 != 0)
    return Probe(
      "shared residual, first \(residualFirst) used before \(before) after \(after)",
      inputs: [(3, 4), (3, 4)], weights: [(4, 4), (1, 4), (1, 4)]
    ) { tape, x, w in
      func term() -> Tensor { tape.linear(x[0], weight: w[0], bias: nil, activation: .gelu) }
      func other() -> Tensor { tape.softmax(tape.dropout(x[1], probability: 0.2)) }
      let early = residualFirst ? other() : nil
      let y = term()
      let residual = early ?? other()
      var results: [Tensor] = []
      if before { results.append(tape.gatherRows(residual, [2, 0])) }
      results.append(tape.addNorm(y, residual: residual, gamma: w[1], beta: w[2], epsilon: 0.1))
      if after { results.append(tape.linear(residual, weight: w[0], bias: nil)) }
      return .tensors(results)
    }
  }

  static let attention: [Probe] = [0, 0.3].flatMap { (p: Float) in
    [
      Probe("attention dropout \(p)", inputs: [(7, 24)]) { tape, x, _ in
        let layout = AttentionLayout(offsets: [0, 3, 4, 7])
        return .tensors([tape.attention(qkv: x[0], layout: layout, heads: 2, dropout: p)])
      },
      Probe("attention of some rows dropout \(p)", inputs: [(3, 6), (9, 12)]) { tape, x, _ in
        // The second of four sequences asks nothing, the last has one row.
        let layout = AttentionLayout(queries: [0, 1, 1, 2, 3], keys: [0, 3, 5, 8, 9])
        return .tensors([tape.attention(q: x[0], kv: x[1], layout: layout, heads: 3, dropout: p)])
      },
    ]
  }

  static let embedding: [Probe] = [
    Probe("embedding", inputs: [], weights: [(6, 5), (4, 5), (2, 5)]) { tape, _, w in
      .tensors([
        tape.embedding(
          words: w[0], positions: w[1], types: w[2], ids: [5, 0, 5, 2], positionIDs: [0, 1, 2, 0],
          typeIDs: [0, 1, 1, 0])
      ])
    },
    Probe("embedding without types", inputs: [], weights: [(6, 5), (4, 5)]) { tape, _, w in
      .tensors([
        tape.embedding(
          words: w[0], positions: w[1], types: nil, ids: [5, 0, 5], positionIDs: [3, 1, 1],
          typeIDs: [])
      ])
    },
    Probe("embedding tied to a decoder", inputs: [], weights: [(6, 5), (4, 5)]) { tape, _, w in
      let x = tape.embedding(
        words: w[0], positions: w[1], types: nil, ids: [5, 0, 5], positionIDs: [3, 1, 1],
        typeIDs: [])
      return .tensors([tape.linear(x, weight: w[0], bias: nil)])
    },
  ]

  /// The distribution is fixed, only tables learn; tiles of 3 do not divide 11 words.
  static let softEmbedding: [Probe] = [[0, 1, 2, 3], [1, 3], []].map { (rows: [Int]) in
    Probe("softEmbedding of \(rows)", inputs: [], weights: [(11, 5), (11, 3)]) { tape, _, w in
      let distribution = WordDistribution(
        states: Matrix(draw(rows.count * 4, seed: 31), rows: rows.count, columns: 4),
        decoder: Matrix(draw(44, seed: 32), rows: 11, columns: 4),
        bias: Matrix(draw(11, seed: 33), rows: 1, columns: 11), temperature: 0.7)
      let (vectors, _) = tape.softEmbedding(
        tables: [w[0], w[1]], ids: [7, 0, 7, 10], rows: rows, distribution: distribution,
        rate: 0.3, tile: 3)
      // A table that is read twice: its gradients meet.
      return .tensors(vectors + [tape.softmax(tape.gatherRows(w[0], [7, 2]))])
    }
  }

  static let losses: [Probe] =
    ([0, 0.1] as [Float]).map { smoothing in
      Probe("crossEntropy smoothing \(smoothing)", inputs: [(3, 5)]) { tape, x, _ in
        .loss(
          0.7 * tape.crossEntropy(x[0], labels: [4, 0, 2], smoothing: smoothing, weight: 0.7))
      }
    }
    + Kernel.Divergence.allCases.flatMap { kind in
      ([1, 2] as [Float]).map { temperature in
        Probe("\(kind) temperature \(temperature)", inputs: [(3, 5), (3, 5)]) { tape, x, _ in
          .loss(
            0.7
              * tape.divergence(
                kind, student: x[0], teacher: x[1], temperature: temperature, weight: 0.7))
        }
      }
    }
    + [
      Probe("squaredError", inputs: [(3, 5), (3, 5)]) { tape, x, _ in
        .loss(0.7 * tape.squaredError(x[0], x[1], weight: 0.7))
      },
      Probe("three losses of one tensor", inputs: [(3, 5), (3, 5)]) { tape, x, _ in
        let first = tape.crossEntropy(x[0], labels: [4, 0, 2], weight: 0.2)
        let second = tape.divergence(.kl, student: x[0], teacher: x[1], weight: 0.3)
        let third = tape.divergence(.ce, student: x[1], teacher: x[0], weight: 0.5)
        return .loss(0.2 * first + 0.3 * second + 0.5 * third)
      },
    ]

  static let contrasts: [Probe] = [
    Probe("contrastive", inputs: [(3, 5), (3, 5)]) { tape, x, _ in
      .loss(0.7 * tape.contrastive(x[0], x[1], temperature: 0.5, weight: 0.7))
    },
    Probe("contrastive with itself", inputs: [(3, 5)]) { tape, x, _ in
      .loss(0.7 * tape.contrastive(x[0], x[0], temperature: 2, weight: 0.7))
    },
    Probe("contrastive with a bank", inputs: [(3, 4), (3, 4)]) { tape, x, _ in
      let bank = Matrix([1, 0, 0, 0, 0, 0.6, 0.8, 0], rows: 2, columns: 4)
      return .loss(
        0.7
          * tape.contrastive(
            x[0], x[1], bank: bank, excluded: [(1, 0)], temperature: 0.5, weight: 0.7))
    },
    Probe("noiseContrastive", inputs: [(3, 5)]) { tape, x, _ in
      let candidates = Matrix(draw(60, seed: 77), rows: 12, columns: 5)
      return .loss(
        0.7
          * tape.noiseContrastive(
            x[0], candidates: candidates, temperature: 0.8, shift: 1.3, weight: 0.7))
    },
  ]

  /// An encoder layer and a classifier on its first rows, as the models put them together.
  static let layers: [Probe] = [0, 0.1].map { (p: Float) in
    Probe(
      "encoder layer dropout \(p)", inputs: [(6, 8)],
      weights: [
        (24, 8), (1, 24), (8, 8), (1, 8), (1, 8), (1, 8), (12, 8), (1, 12), (8, 12), (1, 8), (1, 8),
        (1, 8), (8, 8), (1, 8), (3, 8), (1, 3),
      ], seed: 3
    ) { tape, x, w in
      let layout = AttentionLayout(offsets: [0, 4, 5, 6])
      let qkv = tape.linear(x[0], weight: w[0], bias: w[1])
      let context = tape.attention(qkv: qkv, layout: layout, heads: 2, dropout: p)
      let attended = tape.addNorm(
        tape.linear(context, weight: w[2], bias: w[3]), residual: x[0], gamma: w[4], beta: w[5],
        epsilon: 0.1, dropout: p)
      let inner = tape.linear(attended, weight: w[6], bias: w[7], activation: .gelu)
      let out = tape.addNorm(
        tape.linear(inner, weight: w[8], bias: w[9]), residual: attended, gamma: w[10],
        beta: w[11], epsilon: 0.1, dropout: p)
      let pooled = tape.linear(
        tape.gatherRows(out, [0, 4, 5]), weight: w[12], bias: w[13], activation: .tanh)
      let logits = tape.linear(
        tape.dropout(pooled, probability: p), weight: w[14], bias: w[15])
      return .loss(tape.crossEntropy(logits, labels: [2, 0, 1], weight: 1))
    }
  }

  /// All of them.
  static let all: [Probe] =
    linear + activations + rows + combinations + addNorm + sharedResidual + attention + embedding
    + softEmbedding + losses + binaryLosses + contrasts + relations + layers
}
