# SPDX-License-Identifier: MIT
"""CPython's side of bench/start: reads a number of starts, answers in seconds."""

import multiprocessing
import sys
import time


def nothing():
    pass


def starts(count):
    for _ in range(count):
        process = context.Process(target=nothing)
        process.start()
        process.join()
        process.close()


if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    while line := sys.stdin.readline():
        begun = time.perf_counter()
        starts(int(line))
        print(time.perf_counter() - begun, flush=True)
