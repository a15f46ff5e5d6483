/// What an update of a method costs, for its page. Where the numbers come from is in docs/methods.
enum MethodCost {
  /// A sentence; nil for a method of another package.
  static func sentence(_ method: String) -> String? { sentences[method] }

  /// For a student with half the teacher's layers, where that matters.
  private static let sentences = [
    "none": "The student's own passes; no teacher runs.",
    "kd":
      "The student's own passes; the teacher runs once for each training row, and is remembered.",
    "mate-kd": "A student update about 2.7 of kd, since the student reads twice as many tokens and "
      + "teacher and generator run beside it; a generator update runs all three forward and "
      + "back, or the teacher only forward if it reads decoded text. No generator runs with a "
      + "`fill` that needs none.",
    "annealing-kd": "As kd in the first stage, as none in the second.",
    "continuation-kd": "As kd.",
    "comkd": "As mate-kd in the first stage, as none in the second.",
    "cilda": "As mate-kd; terms on states also run the teacher on the texts themselves, and losses "
      + "over a whole batch keep the activations of all its shards.",
    "pkd": "About 5/3 of kd by counting, 2.0 measured: the teacher runs in every update.",
    "distilbert": "About 5/3 of kd: the teacher runs in every update.",
    "tinybert": "Step 1 about 5/3 of kd by counting, 2.1 measured; step 2 as kd.",
    "tinybert-augmentation": "About 2.7 of kd by counting, 2.5 measured.",
    "minilm": "About 5/3 of kd by counting, 2.1 measured: the teacher runs in every update.",
    "minilmv2": "About 5/3 of kd by counting, 2.1 measured: the teacher runs in every update.",
    "rail-kd": "The teacher runs in every update, and the last layers are computed at all tokens.",
    "codir":
      "The teacher runs in every update; losses over a whole batch keep the activations of all "
      + "its shards.",
    "freelb": "As many updates of none as there are ascent steps.",
    "freelb-kd":
      "As many updates of kd as there are ascent steps; the teacher runs in each if it is "
      + "perturbed.",
    "eda": "As none; with a weight for the teacher's outputs, it runs in every update.",
    "text-smoothing": "A smoothed update about 2.4 of kd, so alternate about 1.7 on average.",
    "as-dfd": "An update as in kd whose teacher runs every time, and the making of the texts.",
    "zskt": "An update as in kd whose teacher runs every time, and the making of the texts.",
    "zskd": "As kd, after the making of the texts.",
    "random-text": "As kd.",
  ]
}
