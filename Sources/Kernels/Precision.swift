import CBLAS

/// How exactly the factors of a matrix product are represented.
///
/// Weights, activations, gradients and sums are float32 in any case; so are attention, softmax,
/// LayerNorm, losses and the optimiser.
public enum Precision: String, Sendable, CaseIterable {
  /// The factors as they are, with 24 significant bits.
  case float32
  /// The factors rounded to bfloat16 (8 significant bits, to nearest, ties to even; subnormal
  /// numbers become zero; NaN and infinity stay), with products added up in float32. About twice as
  /// fast as float32. Needs AVX512-BF16 instructions (AMD Zen 4, Intel Cooper Lake, Sapphire Rapids
  /// and later).
  case bf16

  /// A product with fewer rows, columns or terms than this stays float32: packing would cost more
  /// than the product, and a classifier's few outputs deserve all their bits.
  public static let smallestSide = 16

  /// Whether the processor has the AVX512-BF16 instructions.
  public static let hasBF16 = mate_kd_bf16_available() != 0

  /// Nil if this processor supports it, otherwise one sentence for the user.
  public var complaint: String? { complaint(hasBF16: Self.hasBF16) }

  /// The same for a processor that does or does not have the instructions.
  package func complaint(hasBF16: Bool) -> String? {
    self == .float32 || hasBF16
      ? nil
      : "precision \"bf16\" needs a processor with AVX512-BF16 instructions, which this one lacks; "
        + "use \"float32\""
  }
}
