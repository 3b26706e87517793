# SPDX-License-Identifier: MIT
"""CPython's side of bench/queue: queue_peer.py throughput|trips PAIRS SIZE COUNT."""

import multiprocessing
import sys
import time


def put(queue, ready, go, size, count):
    message = bytes(size)
    ready.release()
    go.wait()
    for _ in range(count):
        queue.put(message)


def get(queue, ready, go, count, ended):
    ready.release()
    go.wait()
    for _ in range(count):
        queue.get()
    ended.put(time.monotonic())


def echo(there, back, count):
    for _ in range(count):
        back.put(there.get())


def throughput(pairs, size, count):
    queue, ended = context.Queue(), context.Queue()
    ready, go = context.Semaphore(0), context.Event()
    each = max(count // pairs, 1)
    workers = [context.Process(target=put, args=(queue, ready, go, size, each)) for _ in range(pairs)]
    workers += [context.Process(target=get, args=(queue, ready, go, each, ended)) for _ in range(pairs)]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    begun = time.monotonic()
    go.set()
    last = max(ended.get() for _ in range(pairs))
    for worker in workers:
        worker.join()
    return each * pairs / (last - begun), 0


def trips(size, count):
    there, back = context.Queue(), context.Queue()
    worker = context.Process(target=echo, args=(there, back, count))
    worker.start()
    message, seconds = bytes(size), []
    for _ in range(count):
        begun = time.perf_counter()
        there.put(message)
        back.get()
        seconds.append(time.perf_counter() - begun)
    worker.join()
    seconds.sort()
    return seconds[count // 2], seconds[count * 99 // 100]


if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    kind, pairs, size, count = sys.argv[1], *map(int, sys.argv[2:])
    print(*(throughput(pairs, size, count) if kind == 'throughput' else trips(size, count)))
