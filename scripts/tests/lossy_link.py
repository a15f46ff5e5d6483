"""Joins two network namespaces by a link that delays and loses packets, for kernels without netem.

usage: lossy_link.py NAMESPACE ADDRESS NAMESPACE ADDRESS --delay MS --loss PERCENT

Makes a device tun0 with the address (and a prefix length) in each namespace and carries packets
between them until SIGTERM, when it says how many it has lost. Prints "ready" when it begins.
"""

import argparse
import fcntl
import heapq
import itertools
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("ends", nargs=4)
parser.add_argument("--delay", type=float, default=0)
parser.add_argument("--loss", type=float, default=0)
options = parser.parse_args()


def device(namespace, address):
    """The descriptor of a new device in a namespace; its packets are read and written here."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    name = f"mk{os.getpid() % 10000}{namespace[-1]}"
    fcntl.ioctl(descriptor, 0x400454CA, struct.pack("16sH", name.encode(), 0x1001))  # TUNSETIFF
    ip = ["ip", "-n", namespace]
    subprocess.run(["ip", "link", "set", name, "netns", namespace, "name", "tun0"], check=True)
    subprocess.run(ip + ["addr", "add", address, "dev", "tun0"], check=True)
    subprocess.run(ip + ["link", "set", "tun0", "up"], check=True)
    return descriptor


def stop(number, frame):
    print(f"lost {counts[1]} of {counts[0]} packets", flush=True)
    sys.exit(0)


counts = [0, 0]
signal.signal(signal.SIGTERM, stop)
a, b = device(*options.ends[:2]), device(*options.ends[2:])
print("ready", flush=True)
randomness = random.Random(1)
waiting, order = [], itertools.count()
while True:
    now = time.monotonic()
    timeout = max(0, waiting[0][0] - now) if waiting else 1
    for source in select.select([a, b], [], [], timeout)[0]:
        packet = os.read(source, 65536)
        counts[0] += 1
        if randomness.random() * 100 < options.loss:
            counts[1] += 1
            continue
        due = time.monotonic() + options.delay / 1000 * randomness.uniform(0.8, 1.2)
        heapq.heappush(waiting, (due, next(order), b if source == a else a, packet))
    while waiting and waiting[0][0] <= time.monotonic():
        _, _, target, packet = heapq.heappop(waiting)
        try:
            os.write(target, packet)
        except BlockingIOError:
            pass  # A full queue loses packets too.
