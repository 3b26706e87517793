/* SPDX-License-Identifier: MIT */
/* Configuration files: what they set up, and how bad ones are told. */

#include "log_test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "brood/log.h"
#include "log/log.h"
#include "log/state.h"

static char directory[] = "/tmp/brood-config-XXXXXX";

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static char *read_file(const char *name)
{
	static char text[4000];
	FILE *file = fopen(name, "r");
	if (!file)
		return NULL;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/* Configures or ends the child. */
static void configure(const char *text)
{
	write_file("logging.ini", text);
	if (brood_log_config_file("logging.ini") < 0) {
		fprintf(stderr, "%s\n", brood_error());
		_exit(9);
	}
}

static void full(void)
{
	configure("# a comment; and more\n"
		  "[loggers]\n"
		  "keys = root, multiprocessing, app\n"
		  "\n"
		  "[handlers]\n"
		  "keys=console,errors\n"
		  "[formatters]\n"
		  "keys=short,long\n"
		  "[logger_root]\n"
		  "level=ERROR\n"
		  "handlers=errors\n"
		  "[logger_multiprocessing]\n"
		  "qualname=multiprocessing\n"
		  "level=DEBUG\n"
		  "handlers=console\n"
		  "propagate=0\n"
		  "[logger_app]\n"
		  "qualname : app.core\n"
		  "Level=INFO\n"
		  "handlers=\n"
		  "  console, console\n"
		  "[handler_console]\n"
		  "class=StreamHandler\n"
		  "formatter=short\n"
		  "level=INFO\n"
		  "args=(sys.stderr,)\n"
		  "[handler_errors]\n"
		  "class=logging.StreamHandler\n"
		  "formatter=long\n"
		  "level=ERROR\n"
		  "[formatter_short]\n"
		  "format=%(levelname)-8s| %(processName)s: %(message)s ; %(funcName)s%%\n"
		  "[formatter_long]\n"
		  "format=<%(name)s> %(message)s\n"
		  "datefmt=%H\n");
	brood_log_debug("hidden by the handler");
	log_info("one");
	brood_log(brood_logger_get("app.core.sub"), BROOD_LOG_ERROR, "two");
	brood_log(brood_logger_get("other"), BROOD_LOG_WARNING, "hidden by the root's level");
	brood_log(brood_logger_get("other"), BROOD_LOG_ERROR, "three");
	brood_log_error("does not propagate");
}

static void test_full(void **state)
{
	(void)state;
	EXPECT_WRITES(full, "INFO    | MainProcess: one ; full%\n",
		      "ERROR   | MainProcess: two ; full%\n", "<app.core.sub> two\n",
		      "<other> three\n", "ERROR   | MainProcess: does not propagate ; full%\n");
}

static void propagating(void)
{
	configure("[loggers]\nkeys=root,mp\n[handlers]\nkeys=h\n[formatters]\nkeys=\n"
		  "[logger_root]\nhandlers=h\nlevel=INFO\n"
		  "[logger_mp]\nqualname=multiprocessing\nhandlers=\n"
		  "[handler_h]\nclass=StreamHandler\n");
	log_info("through the root");
}

static void without_mention(const char *options)
{
	char text[400];
	brood_logger *kept = brood_logger_get("kept"), *child = brood_logger_get("named.child");
	brood_log_to_stderr(BROOD_LOG_INFO);
	brood_logger_set_level(child, BROOD_LOG_CRITICAL);
	snprintf(text, sizeof(text),
		 "[loggers]\nkeys=root,n\n[handlers]\nkeys=h\n[formatters]\nkeys=\n"
		 "[logger_root]\nhandlers=h\n[logger_n]\nqualname=named\nhandlers=\n"
		 "[handler_h]\nclass=StreamHandler\n");
	write_file("logging.ini", text);
	brood_log_config_options with = {.size = sizeof(with), .keep_existing = true};
	if (brood_log_config_file_with("logging.ini", *options ? &with : NULL) < 0)
		_exit(9);
	log_info("library");
	brood_log(kept, BROOD_LOG_ERROR, "existing");
	brood_log(child, BROOD_LOG_ERROR, "child of a named one");
	brood_log(brood_logger_get("new"), BROOD_LOG_ERROR, "new");
	brood_log_to_stderr(0);
	log_info("library again");
}

static void disabling(void)
{
	without_mention("");
}

static void keeping(void)
{
	without_mention("keep");
}

static void test_existing(void **state)
{
	(void)state;
	EXPECT_WRITES(propagating, "through the root\n");
	EXPECT_WRITES(disabling, "child of a named one\n", "new\n",
		      "[INFO/MainProcess] library again\n", "[INFO/MainProcess] library again\n");
	EXPECT_WRITES(keeping, "[INFO/MainProcess] library\n", "existing\n",
		      "child of a named one\n", "new\n", "[INFO/MainProcess] library again\n",
		      "[INFO/MainProcess] library again\n");
}

static void expand_and_long(void)
{
	char text[4000], padding[1500];
	memset(padding, 'p', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	snprintf(text, sizeof(text),
		 "\xEF\xBB\xBF[DEFAULT]\nwhere=expanded\n"
		 "[loggers]\r\nkeys=root\r\n[handlers]\r\nkeys=h\r\n[formatters]\nkeys=f\n"
		 "[logger_root]\nhandlers=h\n"
		 "[handler_h]\nname=%%(where)s%%%%.log\nclass=FileHandler\nformatter=f\n"
		 "args=('%%(name)s',\n      'w')\n"
		 "[formatter_f]\n# %s\nformat=%s ; %%(message)s\n",
		 padding, padding);
	configure(text);
	brood_log(brood_logger_get("x"), BROOD_LOG_ERROR, "end");
	char *got = read_file("expanded%.log");
	if (!got || strncmp(got, padding, strlen(padding)) != 0 ||
	    strcmp(got + strlen(padding), " ; end\n") != 0)
		_exit(8);
}

static void test_expand(void **state)
{
	(void)state;
	EXPECT_NO_WRITES(expand_and_long);
}

static void files(void)
{
	write_file("a.log", "old\n");
	write_file("w.log", "old\n");
	configure("[loggers]\nkeys=root\n[handlers]\nkeys=a,w,d,k,n,out\n[formatters]\nkeys=\n"
		  "[logger_root]\nhandlers=a,w,d,k,n,out\n"
		  "[handler_a]\nclass=FileHandler\nargs=('a.log',)\n"
		  "[handler_w]\nclass=logging.FileHandler\nargs=(\"w.log\", 'w')\n"
		  "[handler_d]\nclass=FileHandler\nargs=('d.log', 'a', None, True)\n"
		  "[handler_k]\nclass=FileHandler\nkwargs={'filename': 'k' '.log', "
		  "'encoding':'utf-8',}\n"
		  "[handler_n]\nclass=NullHandler\nargs=()\n"
		  "[handler_out]\nclass=StreamHandler\nargs=(sys.stdout,)\n");
	if (access("d.log", F_OK) == 0 || access("k.log", F_OK) != 0 || chdir("/") < 0)
		_exit(1);
	int out = dup(1);
	dup2(2, 1);
	brood_log(brood_logger_get("x"), BROOD_LOG_ERROR, "new");
	dup2(out, 1);
	if (chdir(directory) < 0 || strcmp(read_file("a.log"), "old\nnew\n") != 0 ||
	    strcmp(read_file("w.log"), "new\n") != 0 || strcmp(read_file("d.log"), "new\n") != 0 ||
	    strcmp(read_file("k.log"), "new\n") != 0)
		_exit(2);
}

static void test_files(void **state)
{
	(void)state;
	EXPECT_WRITES(files, "new\n");
}

/* A second file: the first one's descriptors are closed. */
static void again(void)
{
	int before = dup(2), after;
	close(before);
	for (int i = 0; i < 20; i++)
		configure("[loggers]\nkeys=root\n[handlers]\nkeys=a\n[formatters]\nkeys=\n"
			  "[logger_root]\nhandlers=a\n"
			  "[handler_a]\nclass=FileHandler\nargs=('again.log',)\n");
	brood_log(brood_logger_get("x"), BROOD_LOG_ERROR, "once");
	if (strcmp(read_file("again.log"), "once\n") != 0)
		_exit(1);
	after = dup(2);
	if (after > before + 1)
		_exit(2);
}

static void test_again(void **state)
{
	(void)state;
	EXPECT_NO_WRITES(again);
}

static void syslog_unix(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "syslog.socket"};
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	configure("[loggers]\nkeys=root\n[handlers]\nkeys=s\n[formatters]\nkeys=f\n"
		  "[logger_root]\nhandlers=s\nlevel=DEBUG\n"
		  "[handler_s]\nclass=handlers.SysLogHandler\nformatter=f\n"
		  "args=('syslog.socket', handlers.SysLogHandler.LOG_LOCAL3)\n"
		  "[formatter_f]\nformat=prog: %(message)s\n");
	brood_logger *logger = brood_logger_get("x");
	brood_log(logger, BROOD_LOG_DEBUG, "debug");
	brood_log(logger, BROOD_LOG_CRITICAL, "critical");
	/* The daemon is started anew. */
	char text[100];
	const char *expected[] = {"<159>prog: debug", "<154>prog: critical", "<156>prog: again"};
	for (int i = 0; i < 3; i++) {
		if (i == 2) {
			brood_log_config_options without = {.keep_existing = true};
			assert_int_equal(brood_log_config_file_with("logging.ini", &without),
					 -EINVAL);
			assert_non_null(strstr(brood_error(), "the options' size is 0"));
			close(fd);
			unlink("syslog.socket");
			brood_log(logger, BROOD_LOG_ERROR, "lost");
			fd = socket(AF_UNIX, SOCK_DGRAM, 0);
			bind(fd, (const struct sockaddr *)&address, sizeof(address));
			brood_log(logger, BROOD_LOG_WARNING, "again");
		}
		ssize_t r = recv(fd, text, sizeof(text), 0);
		if (r != (ssize_t)strlen(expected[i]) + 1 || strcmp(text, expected[i]) != 0)
			_exit(2 + i);
	}
}

/* The daemon starts after the program. */
static void syslog_late(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "late.socket"};
	configure("[loggers]\nkeys=root\n[handlers]\nkeys=s\n[formatters]\nkeys=\n"
		  "[logger_root]\nhandlers=s\nlevel=DEBUG\n"
		  "[handler_s]\nclass=handlers.SysLogHandler\nargs=('late.socket',)\n");
	brood_logger *logger = brood_logger_get("x");
	brood_log(logger, BROOD_LOG_ERROR, "lost");
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	brood_log(logger, BROOD_LOG_ERROR, "found");
	char text[100];
	if (recv(fd, text, sizeof(text), MSG_DONTWAIT) != 10 || strcmp(text, "<11>found") != 0)
		_exit(2);
}

/* Python's names for the port 514, at which nobody need listen. */
static void syslog_ports(void)
{
	static const char *const names[] = {
		"514", "handlers.SYSLOG_UDP_PORT", "logging.handlers.SYSLOG_UDP_PORT",
		"handlers.SYSLOG_TCP_PORT", "logging.handlers.SYSLOG_TCP_PORT"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[500];
		snprintf(text, sizeof(text),
			 "[loggers]\nkeys=root\n[handlers]\nkeys=s\n[formatters]\nkeys=\n"
			 "[logger_root]\nhandlers=s\n[handler_s]\n"
			 "class=handlers.SysLogHandler\nargs=(('127.0.0.1', %s),)\n",
			 names[i]);
		configure(text);
		struct sockaddr_in peer = {0};
		bool found = false;
		for (int fd = 3; fd < 64 && !found; fd++) {
			socklen_t size = sizeof(peer);
			found = getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
				peer.sin_family == AF_INET;
			if (found && ntohs(peer.sin_port) != 514)
				_exit(20);
		}
		if (!found)
			_exit(1 + (int)i);
	}
}

static void test_syslog(void **state)
{
	(void)state;
	EXPECT_NO_WRITES(syslog_unix);
	EXPECT_NO_WRITES(syslog_late);
	EXPECT_NO_WRITES(syslog_ports);
}

/* Files that begin well, and what is wrong with what follows. */
#define GOOD                                                               \
	"[loggers]\nkeys=root\n[handlers]\nkeys=h\n[formatters]\nkeys=f\n" \
	"[logger_root]\nhandlers=h\n[formatter_f]\nformat=%(message)s\n"
/* 10 lines; [handler_h] is line 11 */
#define HANDLER GOOD "[handler_h]\n"

static const struct {
	const char *text, *error;
} bad_files[] = {
	{"", "logging.ini:1: the file is empty"},
	{"# nothing\n", "logging.ini:1: there is no section [formatters] with a line keys="},
	{"key=value\n", "logging.ini:1: this stands before the first [section]"},
	{"[loggers]\nnonsense\n", "logging.ini:2: this is neither [section] nor key = value"},
	{"[loggers\nkeys=root\n", "logging.ini:1: this is neither [section] nor key = value"},
	{"[a]\nx=1\ny=2\nX=3\n", "logging.ini:4: the section has this key already"},
	{"[a]\nx=1\n[a]\n", "logging.ini:3: there is a section of this name before"},
	{"[loggers]\n[handlers]\nkeys=\n[formatters]\nkeys=\n",
	 "logging.ini:1: there is no section [loggers] with a line keys="},
	{"[loggers]\nkeys=a\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
	 "[logger_a]\nqualname=a\nhandlers=\n",
	 "logging.ini:2: [loggers] does not list root"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n",
	 "logging.ini:2: [loggers] lists 'root', but there is no section [logger_root]"},
	{"[loggers]\nkeys=root,a\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
	 "[logger_root]\nhandlers=\n[logger_a]\nhandlers=\n",
	 "logging.ini:9: [logger_a] has no qualname"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
	 "[logger_root]\nhandlers=x\n",
	 "logging.ini:8: the handler 'x' is not among the keys of [handlers]"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
	 "[logger_root]\nlevel=LOUD\nhandlers=\n",
	 "logging.ini:8: the level 'LOUD' is unknown: use one of NOTSET"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
	 "[logger_root]\npropagate=maybe\nhandlers=\n",
	 "logging.ini:8: propagate must be 1 or 0, not 'maybe'"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=f\n"
	 "[formatter_f]\nformat=%(message)s %(nosuch)s\n",
	 "logging.ini:8: %(nosuch) is no field: use one of name"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=f\n"
	 "[formatter_f]\nformat=100%% {message}\n",
	 "logging.ini:8: the format '100%% {message}' has no field, such as %(message)s"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=f\n"
	 "[formatter_f]\nstyle={\nformat={message}\n",
	 "logging.ini:8: the style '{' is unknown: only % is"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=f\n"
	 "[formatter_f]\nclass=my.Formatter\n",
	 "logging.ini:8: the formatter class 'my.Formatter' is unknown"},
	{GOOD, "logging.ini:4: [handlers] lists 'h', but there is no section [handler_h]"},
	{HANDLER, "logging.ini:11: [handler_h] has no class"},
	{HANDLER "class=SMTPHandler\n",
	 "logging.ini:12: the handler class 'SMTPHandler' is unknown: use StreamHandler"},
	{HANDLER "class=StreamHandler\nformatter=g\n",
	 "logging.ini:13: the formatter 'g' is not among the keys of [formatters]"},
	{HANDLER "class=StreamHandler\nlevel=10\n", "logging.ini:13: the level '10' is unknown"},
	{HANDLER "class=StreamHandler\nargs=(sys.stdin,)\n",
	 "logging.ini:13: the stream must be sys.stderr or sys.stdout"},
	{HANDLER "class=StreamHandler\nargs=(sys.stderr, 1)\n",
	 "logging.ini:13: StreamHandler takes at most 1 argument"},
	{HANDLER "class=StreamHandler\nargs=(sys.stderr\n",
	 "logging.ini:13: args: a ',' or a closing bracket is missing at the end of"},
	{HANDLER "class=FileHandler\nargs=('x.log')\n",
	 "logging.ini:13: args must be a tuple: one argument is written ('program.log',)"},
	{HANDLER "class=FileHandler\nargs=('x.log,)\n",
	 "logging.ini:13: args: the string lacks its closing quote"},
	{HANDLER "class=FileHandler\n", "logging.ini:12: FileHandler needs a file name"},
	{HANDLER "class=FileHandler\nargs=('created.log', 'r')\n",
	 "logging.ini:13: the mode of FileHandler must be 'a' or 'w'"},
	{HANDLER "class=FileHandler\nargs=('created.log', 'a', 'latin-1')\n",
	 "logging.ini:13: the encoding of FileHandler must be None or 'utf-8'"},
	{HANDLER "class=FileHandler\nkwargs={'name': 'created.log'}\n",
	 "logging.ini:13: FileHandler has no parameter 'name'"},
	{HANDLER "class=FileHandler\nargs=('a',)\nkwargs={'filename': 'created.log'}\n",
	 "logging.ini:13: FileHandler is given 'filename' twice"},
	{HANDLER "class=FileHandler\nkwargs={filename: 'created.log'}\n",
	 "logging.ini:13: kwargs: a key must be a string in quotes at 'filename"},
	{HANDLER "class=FileHandler\nargs=('nosuch/x.log',)\n", "logging.ini:13: the log file "},
	{HANDLER "class=FileHandler\nargs=('%(home)s/x.log',)\n",
	 "logging.ini:13: %(home)s refers to a key that neither [handler_h] nor [DEFAULT] has"},
	{HANDLER "class=FileHandler\nargs=('100%.log',)\n",
	 "logging.ini:13: '%' at '%.log',)' must be %% or the start of %(key)s"},
	{HANDLER "class=FileHandler\na=%(b)s\nb=%(a)s\nargs=('%(a)s',)\n",
	 "logging.ini:15: %(a)s refers to itself"},
	{HANDLER "class=handlers.RotatingFileHandler\nargs=('created.log', 'a', '10')\n",
	 "logging.ini:13: maxBytes of RotatingFileHandler must be a number from 0"},
	{HANDLER "class=handlers.RotatingFileHandler\nargs=('created.log', 'a', 10**2)\n",
	 "logging.ini:13: args: not an integer that can be used at '*2)'"},
	{HANDLER "class=handlers.SysLogHandler\nargs=('stream.socket',)\n",
	 "logging.ini:13: no syslog daemon can be reached at stream.socket: Protocol wrong"},
	{HANDLER "class=handlers.SysLogHandler\nargs=('/dev/log', SysLogHandler.LOG_X)\n",
	 "logging.ini:13: the facility must be such as handlers.SysLogHandler.LOG_USER"},
	{HANDLER "class=handlers.SysLogHandler\nargs=(('localhost', handlers.UDP_PORT),)\n",
	 "logging.ini:13: the address must be a path or a host and port"},
	{HANDLER "class=handlers.SysLogHandler\nargs=(('localhost', 'x'),)\n",
	 "logging.ini:13: the address must be a path or a host and port"},
	/* A log file is made, then the rest turns out bad. */
	{"[loggers]\nkeys=root\n[handlers]\nkeys=h\n[formatters]\nkeys=\n[handler_h]\n"
	 "class=FileHandler\nargs=('created.log','w')\n[logger_root]\nhandlers=h,x\n",
	 "logging.ini:11: the handler 'x' is not among"},
	{"[loggers]\nkeys=root\n[handlers]\nkeys=h,g\n[formatters]\nkeys=\n[handler_h]\n"
	 "class=FileHandler\nargs=('existing.log','w')\n[handler_g]\nclass=None\n",
	 "logging.ini:11: the handler class 'None' is unknown"},
};

/* Each is told as it should be, and nothing that was in force changes. */
static void test_bad(void **state)
{
	(void)state;
	brood_logger *root = brood_logger_get("root");
	write_file("existing.log", "content\n");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "stream.socket"};
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
		write_file("logging.ini", bad_files[i].text);
		int r = brood_log_config_file("logging.ini");
		if (r >= 0 ||
		    strncmp(brood_error(), bad_files[i].error, strlen(bad_files[i].error)) != 0)
			fail_msg("file %zu: %d '%s'\n instead of '%s'", i, r, brood_error(),
				 bad_files[i].error);
		assert_int_equal(errno, -r);
		assert_int_not_equal(access("created.log", F_OK), 0);
		assert_string_equal(read_file("existing.log"), "content\n");
	}
	close(fd);
	assert_int_equal(brood_logger_level(root), BROOD_LOG_WARNING);
	assert_false(log_wants(BROOD_LOG_CRITICAL));
	assert_int_equal(brood_log_config_file("nosuch.ini"), -ENOENT);
	assert_string_equal(brood_error(),
			    "nosuch.ini: cannot be opened: No such file or directory");
	assert_int_equal(brood_log_config_file("."), -EIO);
	assert_int_equal(brood_log_config_file(NULL), -EINVAL);
}

static void carried(void)
{
	write_file("carried.log", "parent\n");
	write_file("carried.ini",
		   "[loggers]\nkeys=root,mp\n[handlers]\nkeys=h\n[formatters]\nkeys=\n"
		   "[logger_root]\nhandlers=\n[logger_mp]\nqualname=multiprocessing\nhandlers=h\n"
		   "[handler_h]\nclass=FileHandler\nargs=('carried.log','w')\n");
	if (brood_log_config_file("carried.ini") < 0)
		_exit(4);
	brood_log_to_stderr(BROOD_LOG_INFO);
	log_info("first");
	log_state now;
	if (log_state_get(&now) < 0 || now.stderr_handlers != 1 || now.level != BROOD_LOG_INFO)
		_exit(1);
	/* As a child that inherited nothing would be. */
	configure("[loggers]\nkeys=root,mp\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
		  "[logger_root]\nhandlers=\n[logger_mp]\nqualname=multiprocessing\nhandlers=\n"
		  "level=CRITICAL\n");
	log_info("not seen");
	if (chdir("/") < 0 || log_state_apply(&now) < 0 || chdir(directory) < 0)
		_exit(2);
	log_state_clear(&now);
	log_info("second");
	if (strcmp(read_file("carried.log"), "first\nsecond\n") != 0)
		_exit(3);
}

static void test_carried(void **state)
{
	(void)state;
	EXPECT_WRITES(carried, "[INFO/MainProcess] first\n", "[INFO/MainProcess] second\n");
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return chdir("/") == 0 ? system(command) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),   cmocka_unit_test(test_existing),
		cmocka_unit_test(test_expand), cmocka_unit_test(test_files),
		cmocka_unit_test(test_again),  cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_bad),    cmocka_unit_test(test_carried),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
