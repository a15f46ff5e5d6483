import Configuration
import StrictJSON

/// Parses a method's section of the configuration.
package func methodSection(_ text: String) throws -> ConfigSection {
  try ConfigDocument(StrictJSON.parse(text, file: "run.json"), file: "run.json").root
}
