#!/bin/sh
# Every function that the library exports and every macro of its headers has a
# manual page, in which more than its name stands, and the pages are well formed.
#
#	test_manual.sh LIBRARY SOURCE BUILT	the shared library; source and build of man/
set -u
library=$1 source=$2 built=$3
status=0

# What macros expand to, and what only the headers themselves use.
internal='^(brood_must_(int|number|pointer)|brood_with_(begin|end)|BROOD_WITH_[A-Z_]+|BROOD_SYNC_[A-Z_]+|brood_shared_repr|BROOD_SHARED_REPR[A-Z_]*|BROOD_(API|PRINTF|NORETURN|DEFAULT_ZERO|QUEUE_OF_TYPE|[A-Z_]+_H))$'

functions() {
	nm -D --defined-only "$library" | sed -n 's/^[0-9a-f]* T \(brood_[a-z0-9_]*\).*/\1/p'
}

macros() {
	sed -n 's/^#define \([A-Za-z0-9_]*\).*/\1/p' "$source"/../include/brood/[!t]*.h \
		"$source"/../include/brood/type.h
}

for name in $({ functions; macros; } | grep -vE "$internal" | sort -u); do
	if ! [ -f "$built/$name.3" ]; then
		echo "$name has no manual page: name it in one of man/*.3"
		status=1
	elif ! grep -lZE "^\.(Nm) $name( ,)?$" "$source"/*.3 | xargs -0 grep -hvE '^\.Nm ' |
		grep "$name\>" >/dev/null; then
		echo "$name is named in a manual page that says nothing of it"
		status=1
	fi
done

[ -n "$(functions)" ] || { echo "no function found in $library"; status=1; }

if command -v mandoc >/dev/null; then
	for page in "$source"/*.[37]; do
		mandoc -Tlint -W warning "$page" || status=1
	done
fi
exit $status
