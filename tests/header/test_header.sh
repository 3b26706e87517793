#!/bin/sh
# Each public header compiles alone, without a warning, with every compiler that
# is installed; and so do the two programs here, which use all of them.
#
#	test_header.sh STANDARD INCLUDE		c11, c17, c++11, c++17, c++20
set -u
standard=$1 include=$2
here=$(dirname "$0")

case $standard in
c++*) compilers='g++ clang++' language=c++ extension=cpp ;;
*) compilers='gcc clang' language=c extension=c ;;
esac
warnings='-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wundef -Werror'
[ $language = c++ ] && warnings="$warnings -Wold-style-cast -Wzero-as-null-pointer-constant"
[ $language = c ] && warnings="$warnings -Wstrict-prototypes -Wmissing-prototypes"

status=77 # skipped, unless a compiler is found
for compiler in $compilers; do
	command -v "$compiler" >/dev/null || continue
	[ $status = 77 ] && status=0
	for header in "$include"/brood/*.h; do
		case $header in
		*_macros.h) continue ;; # the inside of another header
		esac
		# shellcheck disable=SC2086 # a list
		echo "#include \"brood/${header##*/}\"" |
			"$compiler" -std="$standard" $warnings -I"$include" -x $language -fsyntax-only - || {
			echo "$compiler -std=$standard: ${header##*/} does not compile alone"
			status=1
		}
	done
	# shellcheck disable=SC2086 # a list
	"$compiler" -std="$standard" $warnings -I"$include" -fsyntax-only "$here/use.$extension" || {
		echo "$compiler -std=$standard: use.$extension does not compile"
		status=1
	}
done
exit $status
