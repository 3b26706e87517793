#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""refused.py SOURCE COMPILER...: see the source's first lines."""

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
    for case, expected in cases:
        status, said = compile_case(compiler, source, 'c17', ['-D' + case])
        errors = '\n'.join(re.findall(r'^.*error: .*$', said, re.MULTILINE))
        missing = [words for words in expected.split(' | ') if words not in errors]
        if status == 0:
            print(f'{case}: compiles')
        elif missing:
            print(f'{case}: the compiler does not say {missing}, but:\n{said}')
        failed += status == 0 or bool(missing)
    print(f'{len(cases)} cases, {failed} failed')
    return failed > 0 or len(cases) == 0


sys.exit(main())
