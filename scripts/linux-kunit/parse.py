#!/usr/bin/env python3
"""usage: parse.py FOLDER LOG...

What a kernel's own parser (kunit_parser.py in FOLDER, of Linux 5.10 or 6.1) makes of console logs: a line of JSON for each, with its
counts and its leaf tests that have a name, [path, status]. Linux 5.10's counts no skipped tests and no errors: null. A parser that
breaks down gives {"broken": message}.
"""
import io
import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
out = sys.stdout
sys.stdout = io.StringIO()  # it prints what it finds as well, and keeps the stream from when it is loaded
import kunit_parser  # noqa: E402


def leaves(test, path):
    if not test.subtests:
        return [['/'.join(path), test.status.name]] if path and path[-1] else []
    return [leaf for sub in test.subtests for leaf in leaves(sub, path + [sub.name])]


def of_6_1(lines):
    main = kunit_parser.parse_run_tests(lines)
    counts = main.counts
    return {
        'passed': counts.passed,
        'failed': counts.failed,
        'crashed': counts.crashed,
        'skipped': counts.skipped,
        'errors': counts.errors,
        'tests': leaves(main, []),
    }


def of_5_10(lines):
    suites = kunit_parser.parse_run_tests(lines).suites
    tests = [[f'{suite.name}/{case.name}', case.status.name] for suite in suites for case in suite.cases]

    def count(status):
        return sum(1 for _, found in tests if found == status)

    return {
        'passed': count('SUCCESS'),
        'failed': count('FAILURE'),
        'crashed': count('TEST_CRASHED'),
        'skipped': None,
        'errors': None,
        'tests': tests,
    }


parse = of_6_1 if hasattr(kunit_parser, 'TestCounts') else of_5_10
for log in sys.argv[2:]:
    with open(log, errors='backslashreplace') as file:
        try:
            found = parse(file)
        except Exception as error:
            found = {'broken': f'{type(error).__name__}: {error}'}
    print(json.dumps(found), file=out)
