#!/bin/sh
# The runner of the golden tests, held to what it promises: small programs that
# behave must pass, and each that does one thing wrong must fail, for that reason.
#
#	test_golden.sh GOLDEN
set -u
golden=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

# program BODY, expected TEXT: the two files of the next case.
program() {
	printf '#!/bin/sh\n%s\n' "$1" >"$dir/program"
	chmod +x "$dir/program"
}

expected() {
	printf '%b' "$1" >"$dir/expected"
}

passes() {
	if ! "$golden" "$dir/program" "$dir/expected" "$0" 2>"$dir/said"; then
		echo "must pass: $1"
		cat "$dir/said"
		failed=1
	fi
}

# fails WHAT REASON
fails() {
	if "$golden" "$dir/program" "$dir/expected" "$0" 2>"$dir/said"; then
		echo "must fail: $1"
		failed=1
	elif ! grep -q "$2" "$dir/said"; then
		echo "must fail because of '$2': $1"
		cat "$dir/said"
		failed=1
	fi
}

program 'echo one; echo two'
expected '%stdout\none\ntwo\n'
passes 'the lines as expected'
expected '%stdout\ntwo\none\n'
fails 'another order' 'not expected here: one'
expected '%stdout\none\ntwo\nthree\n'
fails 'a line missing' 'missing from here on: three'
expected '%stdout\none\n'
fails 'a line too many' 'not expected here: two'
expected '%stdout\n%any\ntwo\none\n%end\n'
passes 'any order'
expected '%stdout\n%any\ntwo\none\none\n%end\n'
fails 'any order, a line missing' 'any order are missing'
expected '%stdout\n%any\none\n\ttwo\nthree\n%end\n'
fails 'any order, a group missing' 'any order are missing'
expected '%stdout\no{...}e\nt{wo|en}\n'
passes 'any text and a choice'
expected '%stdout\none\nt{ree|en}\n'
fails 'none of the choices' 'not expected here: two'
expected '%seconds 0.5\n%stdout\none\ntwo\n'
fails 'too quick' 'cannot do its work in less'

program 'echo one; echo; echo two; echo oops >&2'
expected '%stdout\none\n\ntwo\n%stderr\noops\n'
passes 'both streams, an empty line'
expected '%stdout\none\n\ntwo\n'
fails 'something on standard error' 'stderr: not expected here: oops'

program 'echo a; echo 1 >&2; echo b; echo 2 >&2'
expected '%stdout\na\nb\n%stderr\n1\n2\n'
passes 'two streams on one pipe, each in its order'
expected '%stdout\na\nb\n%stderr\n1\n2\n%both\na\nb\n1\n2\n'
fails 'two streams on one pipe, in another order' 'one pipe: not expected here: 1'

program 'echo "$$ $$"'
expected '%stdout\n{1} {1}\n'
passes 'a number twice'
program 'echo "$$ 0"'
fails 'two numbers for one' 'not expected here'
program 'echo 41'
expected '%stdout\n{line:the line of this case}\n' # the line of this case is not the 41st
fails 'another line number' 'not expected here: 41'

program 'echo "{a: {}} {line:x}"'
expected '%stdout\n{{a: {{}} {{line:x}\n'
passes 'braces'
sample=$("$golden" --sample "$dir/expected" "$0")
if [ "$sample" != '{a: {}} {line:x}' ]; then
	echo "the sample of a line with braces is: $sample"
	failed=1
fi
expected '%stdout\n{{b: {{}} {{line:x}\n'
fails 'another text in braces' 'not expected here: {a: {}}'
program 'echo a: {}'
expected '%stdout\n{{a: {{}\n'
fails 'a brace missing' 'not expected here: a'

program 'echo top; echo "    deep"; echo "  less"; echo end'
expected '%stdout\ntop\n%indented 2\nend\n'
passes 'indented lines'
expected '%stdout\ntop\n%indented 4\nend\n'
fails 'less indented lines' 'not expected here:   less'

program 'printf cut'
expected '%stdout\ncut\n'
fails 'a last line without its end' 'the last line is cut'
program 'exit 3'
expected '%stdout\n'
fails 'an exit code' 'instead of exit code 0'
program 'kill -9 $$'
fails 'a signal' 'instead of exit code 0'
program 'sleep 1000 & exit 0'
fails 'a process left behind' 'was left behind'
program 'setsid sleep 1000 >/dev/null 2>&1 & exit 0'
fails 'a process left behind in a session of its own' 'was left behind'

# Not in the real one, where the tests that run beside this one would see it.
mkdir "$dir/shm"
export GOLDEN_SHM="$dir/shm"
program "echo >\"$dir/shm/left\""
fails 'a file in /dev/shm' 'was left in'

exit $failed
