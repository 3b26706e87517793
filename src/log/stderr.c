/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "base/error.h"
#include "log/format.h"
#include "log/log.h"
#include "log/logger.h"

static void write_record(const brood_log_record *record, void *data)
{
	static char format[] = "[%(levelname)s/%(processName)s] %(message)s";
	log_line line;
	(void)data;
	line_format(&line, record, &(formatter){.format = format}, "");
	line_write(&line, 2);
	line_clear(&line);
}

brood_logger *brood_log_to_stderr(int level)
{
	brood_logger *logger = brood_get_logger();
	if (level < 0)
		return error_null(
			EINVAL, "the log level %d is negative: use BROOD_LOG_INFO or such", level);
	if (logger_add_handler(logger, BROOD_LOG_NOTSET, write_record, NULL, NULL) == 0)
		return error_to_null(-errno);
	if (level != BROOD_LOG_NOTSET)
		logger->level = level;
	logger->disabled = false;
	return logger;
}

int log_stderr_handlers(void)
{
	int count = 0;
	reading_begin();
	const handler_list *list = logger_multiprocessing.handlers;
	for (size_t i = 0; list && i < list->count; i++)
		count += list->items[i]->emit == write_record;
	reading_end();
	return count;
}
