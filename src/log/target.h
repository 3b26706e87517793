/* SPDX-License-Identifier: MIT */
#ifndef LOG_TARGET_H
#define LOG_TARGET_H

/*
 * What the handlers of a configuration file write to. Each constructor copies
 * what it is given and returns NULL with errno set (no sentence) when it fails;
 * each target is written to by its _emit function and freed by its _free.
 */

#include <stdbool.h>

#include "brood/log.h"
#include "log/format.h"

/* A descriptor that stays open; with owned it is closed at the end. */
typedef struct stream stream;
stream *stream_new(int fd, bool owned, const formatter *f);
void stream_emit(const brood_log_record *record, void *data);
void stream_free(void *data);

/*
 * A file that is opened anew for each line, and set aside as PATH.1 .. PATH.backups
 * when a line would make it max_bytes long; 0 for either: never.
 */
typedef struct rotating rotating;
rotating *rotating_new(const char *path, long long max_bytes, int backups, const formatter *f);
void rotating_emit(const brood_log_record *record, void *data);
void rotating_free(void *data);

/*
 * A syslog daemon: at a socket's path, or with a host at its UDP port.
 * syslogger_new() fails when the host is unknown or the socket is none for
 * datagrams; a daemon that is not there yet gets the lines from when it is.
 */
typedef struct syslogger syslogger;
syslogger *syslogger_new(const char *path_or_host, const char *port, int facility,
			 const formatter *f);
void syslogger_emit(const brood_log_record *record, void *data);
void syslogger_free(void *data);

/* A facility's number by the part of its name after LOG_, in any case; or -ENOENT. */
int syslog_facility(const char *name);

#endif
