import MateKDCommands

MateKD.run()
