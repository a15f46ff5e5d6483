extension FamilyDescription {
  /// XLM-RoBERTa (Conneau et al. 2020); models/xlm_roberta in transformers. It is RoBERTa with
  /// another vocabulary.
  static let xlmRoBERTa = {
    var description = roberta
    description.className = "XLMRoberta"
    return description
  }()
}
