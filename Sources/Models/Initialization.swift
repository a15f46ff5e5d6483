import Autograd
import Glibc
import Kernels

extension Model {
  /// Initialises weights as transformers does: matrices normal with `initializer_range`, biases 0,
  /// LayerNorm 1 and 0, embeddings of padding 0, and sinusoidal positions where the architecture
  /// asks for them.
  ///
  /// - Parameters:
  ///   - names: the weights to initialise; nil means all.
  ///   - seed: identifies the draw. For a given seed, the values of a weight depend only on its
  ///     index in the model.
  public func initialize(_ names: Set<String>? = nil, seed: UInt64) {
    let c = encoder.configuration
    for (index, entry) in parameters.entries.enumerated() where names?.contains(entry.name) ?? true
    {
      let matrix = parameters.matrix(entry.slot)
      if entry.decays {
        Kernel.fillNormal(
          matrix, standardDeviation: c.initializerRange, seed: seed, site: .weight(index))
        let hasPadding =
          entry.slot == encoder.words
          || c.family.description.positionsFollowPadding && entry.slot == encoder.positions
        if hasPadding, c.padTokenID < matrix.rows {
          matrix.rows(c.padTokenID..<c.padTokenID + 1).fill(0)
        }
        if c.hasSinusoidalPositions, entry.slot == encoder.positions { matrix.fillSinusoids() }
      } else {
        matrix.fill(Self.isNormWeight(entry.name) ? 1 : 0)
      }
    }
  }

  private static func isNormWeight(_ name: String) -> Bool {
    name.hasSuffix("LayerNorm.weight") || name.hasSuffix("layer_norm.weight")
  }

  /// Copies weights from another model. Layer `layers[i]` of the source becomes layer i of this
  /// model; everything else with the same name and shape is copied unchanged.
  ///
  /// - Returns: the names of weights of this model for which `source` has no values.
  public func copyWeights(from source: some Model, layers: [Int]) -> [String] {
    var missing: [String] = []
    for entry in parameters.entries {
      var name = entry.name
      if let (layer, before, after) = Self.layerNumber(in: name), layer < layers.count {
        name = "\(before)\(layers[layer])\(after)"
      }
      if let other = source.parameters.entry(named: name), other.shape == entry.shape {
        parameters.matrix(entry.slot).copy(from: source.parameters.matrix(other.slot))
      } else {
        missing.append(entry.name)
      }
    }
    return missing
  }

  /// Splits `x.layer.7.y` into 7, `x.layer.` and `.y`.
  static func layerNumber(in name: String) -> (Int, String, String)? {
    let mark = ".layer."
    guard let range = name.firstRange(of: mark) else { return nil }
    let rest = name[range.upperBound...]
    guard let dot = rest.firstIndex(of: "."), let number = Int(rest[..<dot]) else { return nil }
    return (number, String(name[..<range.upperBound]), String(rest[dot...]))
  }
}

extension Matrix {
  /// Row p, column j: sine (even j) or cosine of p / 10000^(2 floor(j / 2) / columns). Vaswani et
  /// al. 2017, section 3.5; computed in double precision, as in transformers.
  fileprivate func fillSinusoids() {
    for position in 0..<rows {
      for column in 0..<columns {
        let exponent = Double(2 * (column / 2)) / Double(columns)
        let angle = Double(position) / pow(10_000, exponent)
        self[position, column] = Float(column % 2 == 0 ? sin(angle) : cos(angle))
      }
    }
  }
}
