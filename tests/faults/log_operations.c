/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Loggers are for ever, and so each run asks for others. */
static void loggers(void)
{
	static int runs;
	char name[40];
	snprintf(name, sizeof(name), "run%d.below", runs++);
	brood_logger *logger = TRY_NEW(brood_logger_get(name));
	if (!logger)
		expect((logger = brood_logger_get(name)));
	expect(TRY_NEW(brood_get_logger()) != NULL);
	expect(strcmp(TRY_ANY(brood_logger_name(logger)), name) == 0);
	expect(TRY(brood_logger_set_level(logger, BROOD_LOG_INFO)) == 0);
	expect(TRY(brood_logger_level(logger)) == BROOD_LOG_INFO);
	expect(TRY(brood_logger_effective_level(logger)) == BROOD_LOG_INFO);
	expect(TRY_ANY(brood_logger_is_enabled(logger, BROOD_LOG_ERROR)));
	expect(TRY(brood_logger_set_propagate(logger, false)) == 0);
	expect(!TRY_ANY(brood_logger_propagates(logger)));
}

static int seen;

static void see(const brood_log_record *record, void *data)
{
	char text[100];
	(void)data;
	seen += brood_log_format(record, "%(message)s", NULL, text, sizeof(text));
}

static void handlers(void)
{
	brood_logger *logger = brood_logger_get("faults");
	long id = TRY_ANY(brood_logger_add_handler(logger, 0, see, NULL));
	expect(id > 0 || errno == ENOMEM);
	if (id == 0)
		id = brood_logger_add_handler(logger, 0, see, NULL);
	seen = 0;
	brood_log(logger, BROOD_LOG_ERROR, "four");
	expect(seen == 4);
	int r = (int)TRY(brood_logger_remove_handler(logger, id));
	if (r < 0)
		expect(brood_logger_remove_handler(logger, id) == 0);
	brood_log(logger, BROOD_LOG_ERROR, "four");
	expect(seen == 4);
}

static int released;

static void release(void *data)
{
	(void)data;
	released++;
}

static void owned_handlers(void)
{
	brood_logger *logger = brood_logger_get("faults");
	released = 0;
	long id = TRY_ANY(brood_logger_add_handler_owned(logger, 0, see, NULL, release));
	if (id == 0) {
		expect(errno == ENOMEM && released == 0);
		id = brood_logger_add_handler_owned(logger, 0, see, NULL, release);
	}
	expect(brood_logger_remove_handler(logger, id) == 0);
	expect(released == 1);
}

static void format_record(const brood_log_record *record, void *data)
{
	char text[200] = "untouched";
	(void)data;
	int r = (int)TRY(brood_log_format(record, "%(asctime)s %(message)s %(threadName)s", NULL,
					  text, sizeof(text)));
	expect(r > 0 ? strstr(text, "text") != NULL : strcmp(text, "untouched") == 0);
}

static void formats(void)
{
	brood_logger *logger = brood_logger_get("faults");
	long id = brood_logger_add_handler(logger, 0, format_record, NULL);
	brood_log(logger, BROOD_LOG_ERROR, "text");
	brood_logger_remove_handler(logger, id);
}

static void log_va(brood_logger *logger, const char *format, ...) BROOD_PRINTF(2, 3);
static void log_va(brood_logger *logger, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	TRY_VOID(brood_log_vat(logger, BROOD_LOG_ERROR, "f.c", 1, "f", format, args));
	va_end(args);
}

/* A line that cannot be written is lost without a word. */
static void lines(void)
{
	brood_logger *logger = brood_get_logger();
	if (!TRY_NEW(brood_log_to_stderr(BROOD_LOG_INFO)))
		expect(brood_log_to_stderr(BROOD_LOG_INFO));
	char text[3000];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	TRY_VOID(brood_log(logger, BROOD_LOG_INFO, "%s", text));
	log_va(logger, "%s", text);
	char path[40] = "/dev/null"; /* the handler goes with what a file says */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd_create("none", MFD_CLOEXEC));
	int fd = atoi(strrchr(path, '/') + 1);
	dprintf(fd, "[loggers]\nkeys=root,m\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
		    "[logger_root]\nhandlers=\n"
		    "[logger_m]\nqualname=multiprocessing\nlevel=NOTSET\nhandlers=\n");
	expect(brood_log_config_file(path) == 0);
	close(fd);
}

static const char files[] = "[loggers]\nkeys=root,app\n"
			    "[handlers]\nkeys=file,rotating,syslog,console\n"
			    "[formatters]\nkeys=long\n"
			    "[logger_root]\nlevel=ERROR\nhandlers=console\n"
			    "[logger_app]\nqualname=app\nlevel=INFO\n"
			    "handlers=file,rotating,syslog\npropagate=0\n"
			    "[handler_console]\nclass=StreamHandler\nformatter=long\n"
			    "[handler_file]\nclass=FileHandler\nargs=('%s/a.log', 'w')\n"
			    "[handler_rotating]\nclass=handlers.RotatingFileHandler\n"
			    "formatter=long\nargs=('%s/b.log', 'a', 60, 2)\n"
			    "[handler_syslog]\nclass=handlers.SysLogHandler\n"
			    "args=('%s/no-daemon',)\n"
			    "[formatter_long]\nformat=%%(asctime)s %%(message)s\ndatefmt=%%H\n";

static const char nothing[] = "[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
			      "[logger_root]\nhandlers=\n";

static void write_file(const char *path, const char *text, const char *directory)
{
	FILE *file = fopen(path, "w");
	if (!file)
		abort();
	while (*text) { /* each %s is the directory, each %% one % */
		const char *next = strchrnul(text, '%');
		fwrite(text, 1, (size_t)(next - text), file);
		if (*next == '\0')
			break;
		fputs(next[1] == 's' ? directory : "%", file);
		text = next + 2;
	}
	fclose(file);
}

static void config(void)
{
	static const char *const made[] = {"a.log", "b.log", "b.log.1", "b.log.2", "logging.ini"};
	char directory[] = "/tmp/brood-faults-XXXXXX", path[60];
	if (!mkdtemp(directory))
		abort();
	snprintf(path, sizeof(path), "%s/logging.ini", directory);
	write_file(path, files, directory);
	int r = (int)TRY(brood_log_config_file(path));
	expect(r == 0 || strstr(brood_error(), "logging.ini"));
	if (r < 0)
		expect(brood_log_config_file(path) == 0);
	brood_logger *app = brood_logger_get("app");
	for (int i = 0; i < 3; i++)
		TRY_VOID(brood_log(app, BROOD_LOG_INFO, "a line that fills the file: %d", i));
	write_file(path, nothing, directory);
	brood_log_config_options options = {.size = sizeof(options), .keep_existing = true};
	r = (int)TRY(brood_log_config_file_with(path, &options));
	expect(r == 0 || brood_error()[0]);
	expect(brood_log_config_file_with(path, &options) == 0);
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, made[i]);
		unlink(path);
	}
	expect(rmdir(directory) == 0);
}

static const operation table[] = {
	{.name = "log loggers", .run = loggers, .keeps = true},
	{.name = "log handlers", .run = handlers},
	{.name = "log handlers owned", .run = owned_handlers},
	{.name = "log format", .run = formats},
	{.name = "log lines", .run = lines, .speaks = true},
	{.name = "log config", .run = config},
};
const operations log_operations = OPERATIONS(table);
