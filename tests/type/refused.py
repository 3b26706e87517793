#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""refused.py SOURCE COMPILER...: see the source's first lines."""

import itertools
import re
import subprocess
import sys

STRICT = ['-fsyntax-only', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wcast-qual',
          '-Wshadow', '-Werror']


def compile_case(compiler, source, standard, options):
    command = compiler + ['-std=' + standard, *STRICT, *options, source]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr.replace('‘', "'").replace('’', "'")


def main():
    source, compiler = sys.argv[1], sys.argv[2:]
    failed = 0
    for standard in ('c11', 'c17', 'gnu17'):
        status, said = compile_case(compiler, source, standard, [])
        if status != 0:
            print(f'{standard}: does not compile:\n{said}')
            failed += 1
    with open(source) as file:
        cases = re.findall(r'^#ifdef (\w+) /\* (.*) \*/$', file.read(), re.MULTILINE)
    for (case, expected), standard in itertools.product(cases, ('c11', 'c17')):
        status, said = compile_case(compiler, source, standard, ['-D' + case])
        first = re.search(r'error: .*', said)
        missing = [words for words in expected.split(' | ') if not first or words not in first[0]]
        if status == 0:
            print(f'{case}: compiles as {standard}')
        elif missing:
            print(f'{case}: {missing} is not in the first error of:\n{said}')
        failed += status == 0 or bool(missing)
    print(f'{len(cases)} cases, {failed} failed')
    return failed > 0 or len(cases) == 0


sys.exit(main())
