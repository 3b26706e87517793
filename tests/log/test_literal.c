/* SPDX-License-Identifier: MIT */
/* Python literals, in and out. */

#include "log_test.h"

#include <errno.h>

#include "brood/base.h"
#include "log/literal.h"

/* Writes a value as Python's repr() would, nearly. */
static void show(FILE *out, const literal *value)
{
	const char *between = "";
	switch (value->type) {
	case LITERAL_NONE:
		fputs("None", out);
		break;
	case LITERAL_BOOL:
		fputs(value->number ? "True" : "False", out);
		break;
	case LITERAL_NUMBER:
		fprintf(out, "%lld", value->number);
		break;
	case LITERAL_STRING:
		fprintf(out, "'%s'", value->text);
		break;
	case LITERAL_NAME:
		fputs(value->text, out);
		break;
	case LITERAL_TUPLE:
	case LITERAL_DICT:
		fputc(value->type == LITERAL_TUPLE ? '(' : '{', out);
		for (const literal *item = value->items; item; item = item->next) {
			fputs(between, out);
			if (item->key)
				fprintf(out, "'%s': ", item->key);
			show(out, item);
			between = ", ";
		}
		fputc(value->type == LITERAL_TUPLE ? ')' : '}', out);
		break;
	}
}

static void expect(const char *text, const char *expected)
{
	char *shown;
	size_t size;
	literal *value = literal_parse(text);
	if (!value)
		fail_msg("%s: %s", text, brood_error());
	FILE *out = open_memstream(&shown, &size);
	show(out, value);
	fclose(out);
	assert_string_equal(shown, expected);
	free(shown);
	literal_free(value);
}

static void test_good(void **state)
{
	(void)state;
	expect("()", "()");
	expect(" ( ) ", "()");
	expect("(1)", "1");
	expect("(1,)", "(1)");
	expect("((1,),)", "((1))");
	expect("[1]", "(1)");
	expect("[1, [2,], (3)]", "(1, (2), 3)");
	expect("(sys.stderr,)", "(sys.stderr)");
	expect("('x.log', \"a\", 10*1024 * 1024, 5)", "('x.log', 'a', 10485760, 5)");
	expect("(('localhost', 514), handlers.SysLogHandler.LOG_USER)",
	       "(('localhost', 514), handlers.SysLogHandler.LOG_USER)");
	expect("(None, True, False, Nonesuch)", "(None, True, False, Nonesuch)");
	expect("'a' \"b\"\n r'\\n' u'c'", "'ab\\nc'");
	expect("'\\x41\\'\\\\\\q'", "'A'\\\\q'");
	expect("'\\x41\\101\\1012\\7'", "'AAA2\a'");
	expect("'\\xe9 \\351 \\u00e9 \\u20ac \\U0001F600'",
	       "'\u00e9 \u00e9 \u00e9 \u20ac \U0001F600'");
	expect("(1, # one\n 2) # two", "(1, 2)");
	expect("'#' # a comment", "'#'");
	expect("'a\\\nb'", "'ab'");
	expect("r'it\\'s'", "'it\\'s'");
	expect("-0x10", "-16");
	expect("0o17", "15");
	expect("{}", "{}");
	expect("{'a': 1, \"b\" : ('c',),}", "{'a': 1, 'b': ('c')}");
}

static void expect_bad(const char *text, const char *part)
{
	errno = 0;
	literal *value = literal_parse(text);
	assert_null(value);
	assert_int_equal(errno, EINVAL);
	if (!strstr(brood_error(), part))
		fail_msg("'%s' is not in: %s", part, brood_error());
}

static void test_bad(void **state)
{
	(void)state;
	expect_bad("", "a string, number or name is missing at the end");
	expect_bad("(", "missing at the end of '('");
	expect_bad("(,)", "a string, number or name is missing at ',)'");
	expect_bad("(1 2)", "a ',' or a closing bracket is missing at '2)'");
	expect_bad("(1,,2)", "a string, number or name is missing at ',2)'");
	expect_bad("(1]", "a ',' or a closing bracket is missing at ']'");
	expect_bad("() x", "something follows the value at 'x'");
	expect_bad("'abc", "the string lacks its closing quote");
	expect_bad("'abc\\", "the string lacks its closing quote");
	expect_bad("r'", "the string lacks its closing quote");
	expect_bad("r'it\\'", "the string lacks its closing quote");
	expect_bad("0x0x1", "not an integer");
	expect_bad("'\\x4'", "is incomplete or unknown at '4'");
	expect_bad("'\\N{BULLET}'", "is incomplete or unknown");
	expect_bad("'\\u00e'", "is incomplete or unknown");
	expect_bad("'\\U00110000'", "is incomplete or unknown");
	expect_bad("'\\ud800'", "is incomplete or unknown");
	expect_bad("'\\0'", "a string cannot hold a NUL");
	expect_bad("# nothing", "a string, number or name is missing at the end");
	expect_bad("'\\x00'", "a string cannot hold a NUL");
	expect_bad("1.5", "not an integer");
	expect_bad("99999999999999999999", "not an integer");
	expect_bad("9999999999*9999999999", "not an integer");
	expect_bad("-", "not an integer");
	expect_bad("0o", "not an integer");
	expect_bad("{1: 2}", "a key must be a string in quotes at '1: 2}'");
	expect_bad("{'a' 2}", "a ':' is missing at '2}'");
	expect_bad("{'a': 2", "a ',' or a '}' is missing at the end");
	expect_bad("((((((((((((((((((((((((1))))))))))))))))))))))))", "too many brackets");
	expect_bad("os.environ['X']", "something follows the value at '['X']'");
}

/* Every beginning of a text, and every one with a character replaced, ends well. */
static void test_any(void **state)
{
	(void)state;
	static const char text[] =
		"({'a': (r'b', \"\\x41\\u00e9\\101\" 'c'), 'd': [-1*0x2, None, x.y,],}, 0o7)";
	static const char others[] = "()[]{}'\"\\,:*x0 -.#";
	char changed[sizeof(text)];
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		strcpy(changed, text);
		changed[i] = '\0';
		literal_free(literal_parse(changed));
		for (const char *c = others; *c; c++) {
			strcpy(changed, text);
			changed[i] = *c;
			literal_free(literal_parse(changed));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_any),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
