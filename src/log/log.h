/* SPDX-License-Identifier: MIT */
#ifndef LOG_LOG_H
#define LOG_LOG_H

/* The library's own messages, on the logger "multiprocessing". */

#include "brood/log.h"

/* Whether a message of this level would reach a handler; cheap, for what is costly to say. */
bool log_wants(int level);

#define log_subdebug(...) log_message(BROOD_LOG_SUBDEBUG, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define log_debug(...)	  log_message(BROOD_LOG_DEBUG, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define log_info(...)	  log_message(BROOD_LOG_INFO, __FILE__, __LINE__, __func__, __VA_ARGS__)
#define log_warning(...)  log_message(BROOD_LOG_WARNING, __FILE__, __LINE__, __func__, __VA_ARGS__)

void log_message(int level, const char *file, int line, const char *function, const char *format,
		 ...) BROOD_PRINTF(5, 6);

/*
 * The name that records carry from now on, borrowed and kept until the next
 * call: the process layer sets it, this layer cannot ask.
 */
void log_set_process_name(const char *name);
const char *log_process_name(void);

/* How many handlers of brood_log_to_stderr() the logger has. */
int log_stderr_handlers(void);

#endif
