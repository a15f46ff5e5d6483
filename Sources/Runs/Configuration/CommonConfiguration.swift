import Configuration
import Kernels
import Trainers

/// The settings that every run has.
public struct CommonConfiguration: Sendable {
  /// `output_dir`: the folder that the run writes to.
  public var outputDir: String
  /// `overwrite_output_dir`: whether the run may write to a folder that is not empty.
  public var overwriteOutputDir: Bool
  /// `seed`: the seed of every random stream.
  public var seed: UInt64
  /// `data_seed`: the seed of the order of the data; by default `seed`.
  public var dataSeed: UInt64
  /// `threads`: worker threads; 0 means `ThreadPool.defaultThreads`. Results do not depend on it.
  public var threads: Int
  /// `shards`: the number of parts that a batch is split into; 0 means 2. Results
  /// depend on it.
  public var shards: Int
  /// `precision`: the precision of the factors in products with weights. Results depend on it.
  public var precision: Precision
  /// `special_tokens_in_text`: whether texts may spell special tokens; nil leaves it to the models'
  /// tokenizers.
  public var specialTokensInText: Bool?
  /// Where the settings came from.
  public var origin: ConfigOrigin

  /// Settings made by the program.
  public init(
    outputDir: String, overwriteOutputDir: Bool = false, seed: UInt64 = 42,
    dataSeed: UInt64? = nil, threads: Int = 0, shards: Int = 0,
    precision: Precision = .float32, specialTokensInText: Bool? = nil,
    origin: ConfigOrigin = ConfigOrigin()
  ) {
    self.outputDir = outputDir
    self.overwriteOutputDir = overwriteOutputDir
    self.seed = seed
    self.dataSeed = dataSeed ?? seed
    self.threads = threads
    self.shards = shards
    self.precision = precision
    self.specialTokensInText = specialTokensInText
    self.origin = origin
  }

  /// Reads the keys from the top level.
  /// - Throws: `ConfigError`.
  init(reading root: ConfigSection) throws {
    try root.readFileKeys()
    try TrainingArguments.refuseAtTop(root)
    outputDir = try root.outputPath("output_dir", "The folder that the run writes to.")
    overwriteOutputDir = try root.bool(
      "overwrite_output_dir", default: false,
      "Whether the run may write to a folder that is not empty.")
    let given = try root.int("seed", default: 42, in: 0..., "The seed of every random stream.")
    seed = UInt64(given)
    dataSeed = UInt64(
      try root.optionalInt(
        "data_seed", in: .atLeast(0), "The seed of the order of the data; by default `seed`.")
        ?? given)
    threads = try root.int(
      "threads", default: 0, in: 0...1024,
      "Worker threads; 0 means one per processor, or fewer if a control group's quota grants less "
        + "time. Results do not depend on it.")
    shards = try root.int(
      "shards", default: 0, in: 0...1024,
      "Parts that a batch is split into; 0 means 2, on every machine. The last bits depend on it.")
    precision = try root.choice(
      "precision", default: .float32,
      "The precision of the factors in products with weights; `bf16` needs AVX512-BF16.")
    specialTokensInText = try root.optionalBool(
      "special_tokens_in_text",
      "Whether special tokens that a text spells are read as such: `true` all of them, `false` "
        + "none; by default those that a tokenizer adds to the usual five, such as `[E1]`.")
    origin = ConfigOrigin(root)
  }

  /// The precision, if a processor supports it.
  ///
  /// - Parameter hasBF16: whether the processor has the instructions.
  /// - Throws: `ConfigError` at the key if it does not.
  package func supportedPrecision(hasBF16: Bool = Precision.hasBF16) throws -> Precision {
    if let complaint = precision.complaint(hasBF16: hasBF16) {
      throw origin.error("precision", complaint + ".")
    }
    return precision
  }
}
