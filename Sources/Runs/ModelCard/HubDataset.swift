import Data

/// Where a data set that mate-kd knows stands on the Hugging Face Hub.
struct HubDataset {
  /// The name of its repository.
  let name: String
  /// The subset; nil where there is only one.
  let subset: String?

  /// The data set of a task; nil for data of one's own, and where the Hub has none.
  init?(task: String) {
    guard let known = try? TaskRegistry.named(task) else { return nil }
    switch known.name {
    case "sst-2": self.init("nyu-mll/glue", "sst2")
    case "sts-b": self.init("nyu-mll/glue", "stsb")
    case "mnli-mm": self.init("nyu-mll/glue", "mnli")
    case "cola", "mrpc", "qqp", "mnli", "qnli", "rte", "wnli", "ax":
      self.init("nyu-mll/glue", known.name)
    case "snli": self.init("stanfordnlp/snli", nil)
    case "imdb": self.init("stanfordnlp/imdb", nil)
    case "ag-news": self.init("fancyzhx/ag_news", nil)
    case "squad": self.init("rajpurkar/squad", nil)
    case "squad2": self.init("rajpurkar/squad_v2", nil)
    default: return nil
    }
  }

  private init(_ name: String, _ subset: String?) { (self.name, self.subset) = (name, subset) }
}
