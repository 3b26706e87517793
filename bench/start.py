# SPDX-License-Identifier: MIT
"""CPython's side of bench/start: holds as many MiB as asked, reads the name of a start
method a line, and answers with the nanoseconds to the child's first instruction and to
its having been joined."""

import multiprocessing
import os
import struct
import sys
import time


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def stamp(path):
    time_of_first = now()
    descriptor = os.open(path, os.O_RDWR)
    os.pwrite(descriptor, struct.pack('q', time_of_first), 0)
    os.close(descriptor)


def start(method, path):
    begun = now()
    process = multiprocessing.get_context(method).Process(target=stamp, args=(path,))
    process.start()
    process.join()
    whole = now() - begun
    process.close()
    descriptor = os.open(path, os.O_RDWR)
    first, = struct.unpack('q', os.pread(descriptor, 8, 0))
    os.close(descriptor)
    return first - begun, whole


if __name__ == '__main__':
    memory = bytearray(b'\1') * (int(sys.argv[1]) << 20)
    print(end='.', flush=True)
    while line := sys.stdin.readline():
        print(*start(line.strip(), sys.argv[2]), flush=True)
