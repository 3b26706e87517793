#!/bin/sh
# Every function that the library exports is called in an operation of the fault tests.
#
#	test_covered.sh LIBRARY TEST-PROGRAM
set -u
covered=$("$2" --covered | sort -u) || exit 1
status=0
for name in $(nm -D --defined-only "$1" | sed -n 's/^[0-9a-f]* T \(brood_[a-z0-9_]*\).*/\1/p'); do
	if ! echo "$covered" | grep -qx "$name"; then
		echo "$name is in no operation: add one to tests/faults/*_operations.c"
		status=1
	fi
done
exit $status
