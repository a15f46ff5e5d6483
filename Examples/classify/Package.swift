// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "classify",
  dependencies: [.package(name: "mate-kd", path: "../..")],
  targets: [
    .executableTarget(
      name: "classify", dependencies: [.product(name: "MateKD", package: "mate-kd")])
  ],
  swiftLanguageModes: [.v6]
)
