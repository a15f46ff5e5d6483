import Autograd
import Configuration
import Kernels
import Trainers

/// The two terms of plain knowledge distillation, to which methods add losses on inner layers:
/// w_ce CE(S(x), y) + w_kd T^2 D(softmax(T(x)/T), softmax(S(x)/T)), each averaged over texts.
///
/// In regression CE and D are squared errors, and there is no factor T^2.
///
/// ```swift
/// let weights = try section.sectionOrEmpty("loss_weights", "The factors of the loss terms.")
/// let terms = try LogitTerms(ce: 0.5, kd: 0.5).reading(section, weights: weights)
/// ```
public struct LogitTerms: Sendable {
  /// w_ce.
  public var ce: Double
  /// w_kd, without T^2.
  public var kd: Double
  /// T.
  public var temperature: Float = 1
  /// Whether the factor T^2 is there.
  public var squaredTemperature = true
  /// D.
  public var divergence = Kernel.Divergence.kl

  /// Terms at temperature 1.
  public init(ce: Double, kd: Double) {
    self.ce = ce
    self.kd = kd
  }

  /// Reads `temperature`, `multiply_by_temperature_squared`, `divergence`, and `ce` and `kd` of the
  /// section `loss_weights`; these values are the defaults.
  ///
  /// - Throws: `ConfigError`.
  public func reading(_ section: ConfigSection, weights: ConfigSection) throws -> LogitTerms {
    var terms = try readingDivergence(section)
    terms.ce = try weights.number("ce", default: ce, in: 0...1e6, "Weight of the gold labels.")
    terms.kd = try weights.number(
      "kd", default: kd, in: 0...1e6, "Weight of the teacher's outputs.")
    return terms
  }

  /// Reads `temperature`, `multiply_by_temperature_squared` and `divergence`, for methods whose
  /// weights have a place of their own.
  ///
  /// - Throws: `ConfigError`.
  public func readingDivergence(_ section: ConfigSection) throws -> LogitTerms {
    var terms = self
    terms.temperature = Float(
      try section.number(
        "temperature", default: Double(temperature), in: 0.01...1000,
        "What logits are divided by in both softmaxes of the divergence."))
    terms.squaredTemperature = try section.bool(
      "multiply_by_temperature_squared", default: squaredTemperature,
      "Whether the divergence is multiplied by the square of `temperature`.")
    terms.divergence = try section.choice(
      "divergence", default: divergence,
      "KL divergence, or cross-entropy with the teacher's probabilities.")
    return terms
  }

  /// The factor T^2 of the divergence of a model's outputs.
  public func factor(of student: some DistillableModel) -> Double {
    student.temperatureFactor(temperature, squared: squaredTemperature)
  }
}

extension LossTerms {
  /// Adds both terms of plain knowledge distillation as `ce_loss` and `kd_loss`.
  ///
  /// - Parameters:
  ///   - student: the student's logits on the shard's texts.
  ///   - teacher: the teacher's.
  public mutating func add<Head>(
    _ terms: LogitTerms, student: Tensor, teacher: Tensor, of shard: Shard, on tape: Tape,
    setup: MethodSetup<Head>
  ) {
    add("ce_loss", weight: terms.ce) {
      setup.supervisedLoss(student, of: shard, on: tape, weight: $0)
    }
    add("kd_loss", weight: terms.kd * terms.factor(of: setup.student)) {
      setup.student.divergence(
        terms.divergence, student: student, teacher: teacher, of: shard,
        temperature: terms.temperature, on: tape, weight: $0)
    }
  }
}
