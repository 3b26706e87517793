/* SPDX-License-Identifier: MIT */
/* Fields, flags and times, against what Python prints and what localtime_r() says. */

#include "log_test.h"

#include <errno.h>
#include <time.h>

#include "brood/log.h"
#include "log/zone.h"

static brood_log_record sample = {
	.size = sizeof(sample),
	.level = 25,
	.level_name = "SUBWARNING",
	.logger_name = "a.b",
	.process_name = "Process-1",
	.thread_name = "MainThread",
	.process = 77,
	.thread = 78,
	.file = "src/dir.d/some.tool.c",
	.function = "run",
	.line = 12,
	.message = "hello 100%",
	.message_length = 10,
	.created = {.tv_sec = 1700000000, .tv_nsec = 7123456},
};

static void expect(const char *format, const char *expected)
{
	char text[300];
	assert_int_equal(brood_log_format(&sample, format, NULL, text, sizeof(text)),
			 strlen(expected));
	assert_string_equal(text, expected);
}

static void test_fields(void **state)
{
	(void)state;
	expect(NULL, "hello 100%");
	expect("", "");
	expect("%(message)s", "hello 100%");
	expect("%%%(levelname)s/%(processName)s%% ", "%SUBWARNING/Process-1% ");
	expect("%(name)s:%(levelno)d:%(levelno)s", "a.b:25:25");
	expect("%(pathname)s %(filename)s %(module)s",
	       "src/dir.d/some.tool.c some.tool.c some.tool");
	expect("%(lineno)d %(funcName)s %(process)d %(thread)d %(threadName)s",
	       "12 run 77 78 MainThread");
	expect("%(created)f %(created)d %(created).2f",
	       "1700000000.007123 1700000000 1700000000.01");
	expect("%(msecs)03d %(msecs)d %(msecs).1f", "007 7 7.0");
}

static void test_flags(void **state)
{
	(void)state;
	expect("[%(levelname)-12s]", "[SUBWARNING  ]");
	expect("[%(levelname)12s]", "[  SUBWARNING]");
	expect("[%(levelname).3s]", "[SUB]");
	expect("[%(levelname)-5.3s]", "[SUB  ]");
	expect("[%(lineno)5d|%(lineno)-5d|%(lineno)05d|%(lineno)+d|%(lineno)x|%(lineno)#x]",
	       "[   12|12   |00012|+12|c|0xc]");
	expect("[%(lineno)4s|%(lineno)-4s|%(lineno)04s]", "[  12|12  |  12]");
	expect("[%(created)12.1e]", "[     1.7e+09]");
}

static void test_characters(void **state)
{
	(void)state;
	brood_log_record before = sample;
	sample.message = "h\u00e9\u20ac\U0001F600 \xff!";
	sample.message_length = strlen(sample.message);
	expect("%(message).2s", "h\u00e9");
	expect("%(message).4s|", "h\u00e9\u20ac\U0001F600|");
	expect("[%(message)5.3s]", "[  h\u00e9\u20ac]");
	expect("[%(message)-8s]", "[h\u00e9\u20ac\U0001F600 \xff! ]");
	sample.message = "\x80\x80\x80\xe2\x82";
	sample.message_length = strlen(sample.message);
	expect("%(message).2s", "\x80\x80");
	expect("[%(message)7s]", "[  \x80\x80\x80\xe2\x82]");
	sample = before;
}

static void test_sizes(void **state)
{
	(void)state;
	char text[8] = "-------";
	assert_int_equal(brood_log_format(&sample, NULL, NULL, text, 0), 10);
	assert_int_equal(brood_log_format(&sample, NULL, NULL, NULL, 0), 10);
	assert_string_equal(text, "-------");
	assert_int_equal(brood_log_format(&sample, NULL, NULL, text, 1), 10);
	assert_string_equal(text, "");
	assert_int_equal(brood_log_format(&sample, NULL, NULL, text, sizeof(text)), 10);
	assert_string_equal(text, "hello 1");
	assert_int_equal(brood_log_format(&sample, "%(lineno)999d", NULL, text, sizeof(text)), 999);
	assert_string_equal(text, "       ");
}

static void expect_bad(const char *format, const char *part)
{
	char text[20] = "as it was";
	assert_int_equal(brood_log_format(&sample, format, NULL, text, sizeof(text)), -EINVAL);
	assert_string_equal(text, "as it was");
	if (!strstr(brood_error(), part))
		fail_msg("'%s' is not in: %s", part, brood_error());
}

static void test_bad(void **state)
{
	(void)state;
	expect_bad("%(nosuch)s", "%(nosuch) is no field");
	expect_bad("%(message)s %(Message)s", "%(Message) is no field");
	expect_bad("%(message", "'%' at '%(message' begins no field");
	expect_bad("100%", "'%' at '%' begins no field");
	expect_bad("%s", "'%' at '%s' begins no field");
	expect_bad("%(message)d", "%(message) must end in 's'");
	expect_bad("%(message)", "%(message) must end in 's'");
	expect_bad("%(lineno)q", "%(lineno) must end in 'd'");
	expect_bad("%(lineno)*d", "%(lineno) must end in 'd'");
	expect_bad("%(lineno)1000d", "above 999");
	expect_bad("%(lineno)1.99999d", "above 999");
	char text[4];
	assert_int_equal(brood_log_format(NULL, NULL, NULL, text, sizeof(text)), -EINVAL);
	assert_int_equal(brood_log_format(&sample, NULL, NULL, NULL, 5), -EINVAL);
}

/* One child a time zone: it is read once. */
static void in_zone(const char *name, void (*check)(void))
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("TZ", name, 1);
		tzset();
		check();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void compare_with_libc(void)
{
	time_t now = time(NULL);
	for (time_t t = now; t < now + 9 * 365 * 86400L; t += 6911) {
		struct tm ours, theirs;
		zone_local(t, &ours);
		localtime_r(&t, &theirs);
		char a[100], b[100];
		strftime(a, sizeof(a), "%F %T %z %Z %j %w %u %V", &ours);
		strftime(b, sizeof(b), "%F %T %z %Z %j %w %u %V", &theirs);
		if (strcmp(a, b) != 0 || ours.tm_isdst != theirs.tm_isdst) {
			print_error("%s instead of %s\n", a, b);
			_exit(1);
		}
	}
}

static void compare_utc_with_libc(void)
{
	for (int64_t t = -70000000000; t < 200000000000; t += 86400 * 5 + 4321) {
		struct tm ours, theirs;
		time_t when = t;
		zone_local(when, &ours);
		gmtime_r(&when, &theirs);
		if (ours.tm_year != theirs.tm_year || ours.tm_yday != theirs.tm_yday ||
		    ours.tm_mon != theirs.tm_mon || ours.tm_mday != theirs.tm_mday ||
		    ours.tm_wday != theirs.tm_wday || ours.tm_hour != theirs.tm_hour ||
		    ours.tm_min != theirs.tm_min || ours.tm_sec != theirs.tm_sec)
			_exit(1);
	}
}

/* Rules in the POSIX form need no time zone files. */
static void test_zones(void **state)
{
	(void)state;
	in_zone("CET-1CEST,M3.5.0,M10.5.0/3", compare_with_libc);
	in_zone("EST5EDT,M3.2.0,M11.1.0", compare_with_libc);
	in_zone("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", compare_with_libc);
	in_zone("UTC0", compare_with_libc);
	in_zone("UTC0", compare_utc_with_libc);
}

static void format_times(void)
{
	char text[100];
	brood_log_format(&sample, "%(asctime)s", NULL, text, sizeof(text));
	if (strcmp(text, "2023-11-14 22:13:20,007") != 0)
		_exit(1);
	brood_log_format(&sample, "<%(asctime)6s>", "%H:%M", text, sizeof(text));
	if (strcmp(text, "< 22:13>") != 0)
		_exit(2);
	brood_log_format(&sample, "%(asctime).10s", "", text, sizeof(text));
	if (strcmp(text, "2023-11-14") != 0)
		_exit(3);
}

static void test_times(void **state)
{
	(void)state;
	in_zone("UTC0", format_times);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),	   cmocka_unit_test(test_flags),
		cmocka_unit_test(test_characters), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bad),	   cmocka_unit_test(test_zones),
		cmocka_unit_test(test_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
