import Configuration
import Data
import Inference
import Kernels
import Methods
import Models
import Trainers

/// `precision`: how exactly the factors of products with weights are taken. Everything else, and
/// the sums in these products, is float32.
public enum FactorPrecision: String, Sendable, CaseIterable {
  /// As they are.
  case float32
  /// Rounded to bfloat16; needs a processor with AVX512-BF16 instructions.
  case bf16
}

/// What every run has.
public struct CommonConfiguration: Sendable {
  /// `output_dir`: the folder that the run writes.
  public var outputDir: String
  /// `overwrite_output_dir`: whether a folder that is not empty may be written to.
  public var overwriteOutputDir: Bool
  /// `seed` of every random stream.
  public var seed: UInt64
  /// `data_seed`: the seed of the order of the data; by default `seed`.
  public var dataSeed: UInt64
  /// `threads`: worker threads; 0 means one a processor. Results do not depend on it.
  public var threads: Int
  /// `shards`: how many parts a batch is split into; 0 means one a processor. Results depend on it.
  public var shards: Int
  /// `precision` of the factors of products with weights. Results depend on it.
  public var precision: FactorPrecision
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// Settings made by the program.
  public init(
    outputDir: String, overwriteOutputDir: Bool = false, seed: UInt64 = 42,
    dataSeed: UInt64? = nil, threads: Int = 0, shards: Int = 0,
    precision: FactorPrecision = .float32, origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.outputDir = outputDir
    self.overwriteOutputDir = overwriteOutputDir
    self.seed = seed
    self.dataSeed = dataSeed ?? seed
    self.threads = threads
    self.shards = shards
    self.precision = precision
    self.origin = origin
  }

  /// Reads the keys from the top level.
  /// - Throws: `ConfigError`.
  init(reading root: ConfigSection) throws {
    root.ignore("$schema")
    outputDir = try root.string("output_dir")
    overwriteOutputDir = try root.bool("overwrite_output_dir", default: false)
    seed = UInt64(try root.int("seed", default: 42, in: 0...))
    dataSeed = try root.optionalInt("data_seed", in: .atLeast(0)).map(UInt64.init) ?? seed
    threads = try root.int("threads", default: 0, in: 0...1024)
    shards = try root.int("shards", default: 0, in: 0...1024)
    precision = try root.choice("precision", default: .float32)
    origin = ConfigOrigin(root)
  }
}
