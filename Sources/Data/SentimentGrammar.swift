import Kernels

/// The grammar behind `SyntheticSentiment`.
struct SentimentGrammar {
  var random: RandomStream

  /// A review whose main clause has the given polarity.
  mutating func review(positive: Bool) -> String {
    let main = clause(positive: positive)
    let text: String
    switch random.nextBelow(20) {
    case 0..<7: text = main
    case 7..<13:
      // A concession usually has the opposite polarity.
      let side = clause(positive: random.nextBelow(4) < 3 ? !positive : positive)
      text = fill(pick(Self.concessions), main: main, side: side)
    case 13..<17: text = fill(pick(Self.additions), main: main, side: distraction())
    case 17..<18: text = fill(pick(Self.additions), main: main, side: pick(Self.facts))
    default:
      let side = clause(positive: !positive)
      text = fill(
        pick(Self.additions), main: fill(pick(Self.concessions), main: main, side: side),
        side: distraction())
    }
    return random.nextBelow(4) == 0 ? text : text + " ."
  }

  private mutating func clause(positive: Bool) -> String {
    let subject = pick(Self.subjects)
    let negated = random.nextBelow(4) == 0
    switch random.nextBelow(5) {
    case 0..<3:
      let quality = description(positive: positive != negated)
      guard negated else { return "\(subject) \(pick(Self.copulas)) \(quality)" }
      return random.nextBelow(4) == 0
        ? "\(pick(Self.denials)) \(subject) is \(quality)"
        : "\(subject) \(pick(Self.negatedCopulas)) \(quality)"
    case 3:
      let verbs = positive != negated ? Self.positiveVerbs : Self.negativeVerbs
      return "\(subject) \(pick(negated ? Self.negators : Self.affirmations)) \(pick(verbs))"
    default:
      let adjectives = positive != negated ? Self.positiveAdjectives : Self.negativeAdjectives
      let phrase = "\(pick(adjectives)) and \(pick(adjectives)) \(pick(Self.genres))"
      return "this is \(negated ? "not a" : "a") \(phrase)"
    }
  }

  private mutating func description(positive: Bool) -> String {
    let adjective = pick(positive ? Self.positiveAdjectives : Self.negativeAdjectives)
    return random.nextBelow(5) < 2 ? "\(pick(Self.intensifiers)) \(adjective)" : adjective
  }

  private mutating func distraction() -> String {
    let quality = description(positive: random.nextBelow(2) == 0)
    return "\(pick(Self.bystanders)) \(quality)"
  }

  private mutating func pick(_ words: [String]) -> String {
    words[random.nextBelow(words.count)]
  }

  private func fill(_ frame: String, main: String, side: String) -> String {
    frame.split(separator: " ")
      .map { $0 == "MAIN" ? main : $0 == "SIDE" ? side : String($0) }
      .joined(separator: " ")
  }

  /// Every word and sign of the grammar, sorted and without duplicates.
  static var words: [String] {
    let lists = [
      subjects, copulas, negatedCopulas, denials, negators, affirmations, positiveVerbs,
      negativeVerbs, positiveAdjectives, negativeAdjectives, intensifiers, genres, bystanders,
      facts, concessions, additions, ["this is not a and ."],
    ]
    let all = lists.joined().flatMap { $0.split(separator: " ").map(String.init) }
    return Set(all).subtracting(["MAIN", "SIDE"]).sorted()
  }

  static let subjects = [
    "the film", "the movie", "the plot", "the acting", "the script", "the dialogue", "the ending",
    "the direction", "the music", "the cast", "the story", "the pacing", "the humor", "the drama",
    "the first half", "the hero", "the opening scene", "it",
  ]
  static let copulas = ["is", "feels", "was", "seems", "remains", "turns out to be"]
  static let negatedCopulas = [
    "is not", "is never", "is hardly", "is far from", "does not feel", "was not", "never seems",
    "is anything but",
  ]
  static let denials = ["nobody could say that", "i do not think that", "it is not true that"]
  static let affirmations = ["manages to", "will", "is sure to", "never fails to"]
  static let negators = ["fails to", "will not", "does not", "can hardly", "refuses to"]
  static let positiveVerbs = [
    "delight", "charm", "move us", "shine", "work", "succeed", "impress", "entertain", "sparkle",
    "win us over",
  ]
  static let negativeVerbs = [
    "bore", "drag", "annoy", "stumble", "disappoint", "irritate", "fall apart", "wear us out",
    "ramble", "insult us",
  ]
  static let positiveAdjectives = [
    "brilliant", "charming", "witty", "moving", "clever", "funny", "fresh", "lovely", "elegant",
    "gripping", "tender", "thrilling", "wonderful", "inventive", "honest", "superb", "warm",
    "graceful", "smart", "delightful", "touching", "vivid", "enjoyable", "rich",
  ]
  static let negativeAdjectives = [
    "dull", "boring", "clumsy", "awful", "stale", "tedious", "bland", "silly", "shallow", "lame",
    "messy", "terrible", "pointless", "predictable", "lifeless", "sloppy", "dreary", "hollow",
    "tiresome", "unfunny", "forgettable", "weak", "annoying", "cheap",
  ]
  static let intensifiers = [
    "very", "really", "truly", "quite", "extremely", "deeply", "rather", "utterly", "so",
    "surprisingly",
  ]
  static let genres = ["film", "comedy", "drama", "thriller", "romance", "movie", "documentary"]
  static let bystanders = [
    "the popcorn was", "the seats were", "the weather was", "the crowd was", "my neighbor was",
    "the trailers were", "the hotel was", "the parking lot was",
  ]
  static let facts = [
    "we saw it on a rainy tuesday", "it runs for two hours", "it is set in paris",
    "the director is from texas", "it opens next week", "we had seats in the back row",
  ]
  static let concessions = [
    "SIDE but MAIN", "SIDE , yet MAIN", "although SIDE , MAIN", "MAIN , although SIDE",
    "while SIDE , MAIN", "MAIN , even though SIDE", "critics say that SIDE , but MAIN",
    "SIDE ; still , MAIN", "MAIN even if SIDE", "MAIN , whatever they say about how SIDE",
  ]
  static let additions = [
    "SIDE , and MAIN", "MAIN , and SIDE", "SIDE ; MAIN", "MAIN ; SIDE", "SIDE . MAIN",
  ]
}
