// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "own-method",
  dependencies: [.package(name: "mate-kd", path: "../..")],
  targets: [
    .target(
      name: "OwnMethod",
      dependencies: ["Autograd", "Configuration", "Methods", "Models", "Trainers"].map {
        .product(name: $0, package: "mate-kd")
      }),
    .executableTarget(
      name: "my-mate-kd",
      dependencies: [
        "OwnMethod",
        .product(name: "Kernels", package: "mate-kd"),
        .product(name: "Methods", package: "mate-kd"),
        .product(name: "MateKDCommands", package: "mate-kd"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
