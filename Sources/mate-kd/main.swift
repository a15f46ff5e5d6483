print("mate-kd")
