/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "log/target.h"

struct syslogger {
	int fd;
	int facility;
	struct sockaddr_storage address;
	socklen_t address_size;
	formatter formatter;
};

static const struct {
	const char *name;
	int number;
} facilities[] = {
	{"auth", LOG_AUTH},	{"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
	{"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},	    {"kern", LOG_KERN},
	{"lpr", LOG_LPR},	{"mail", LOG_MAIL},	    {"news", LOG_NEWS},
	{"syslog", LOG_SYSLOG}, {"user", LOG_USER},	    {"uucp", LOG_UUCP},
	{"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},	    {"local2", LOG_LOCAL2},
	{"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},	    {"local5", LOG_LOCAL5},
	{"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

int syslog_facility(const char *name)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		if (strcasecmp(facilities[i].name, name) == 0)
			return facilities[i].number >> 3;
	return -ENOENT;
}

/* By the level's name, as Python does: other levels are warnings. */
static int priority_of(int level)
{
	switch (level) {
	case BROOD_LOG_DEBUG:
		return LOG_DEBUG;
	case BROOD_LOG_INFO:
		return LOG_INFO;
	case BROOD_LOG_ERROR:
		return LOG_ERR;
	case BROOD_LOG_CRITICAL:
		return LOG_CRIT;
	default:
		return LOG_WARNING;
	}
}

static int resolve_path(syslogger *to, const char *path)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(local.sun_path))
		return -ENAMETOOLONG;
	strcpy(local.sun_path, path);
	memcpy(&to->address, &local, sizeof(local));
	to->address_size = sizeof(local);
	return 0;
}

static int resolve_host(syslogger *to, const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found;
	int r = getaddrinfo(host, port, &hints, &found);
	if (r != 0)
		return r == EAI_MEMORY ? -ENOMEM : -EHOSTUNREACH;
	memcpy(&to->address, found->ai_addr, found->ai_addrlen);
	to->address_size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int connect_to(const syslogger *to)
{
	return connect(to->fd, (const struct sockaddr *)&to->address, to->address_size);
}

/*
 * A daemon that is not there yet is connected to when a line is sent. One that
 * listens for streams would never be.
 */
static int open_socket(syslogger *to)
{
	to->fd = socket(to->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return to->fd < 0 || (connect_to(to) < 0 && errno == EPROTOTYPE) ? -errno : 0;
}

syslogger *syslogger_new(const char *path_or_host, const char *port, int facility,
			 const formatter *f)
{
	syslogger *made = calloc(1, sizeof(*made));
	if (!made)
		return NULL;
	made->fd = -1;
	made->facility = facility;
	int r = formatter_copy(&made->formatter, f);
	if (r == 0)
		r = port ? resolve_host(made, path_or_host, port)
			 : resolve_path(made, path_or_host);
	if (r == 0)
		r = open_socket(made);
	if (r == 0)
		return made;
	syslogger_free(made);
	errno = -r;
	return NULL;
}

void syslogger_free(void *data)
{
	syslogger *old = data;
	if (old->fd >= 0)
		close(old->fd);
	formatter_clear(&old->formatter);
	free(old);
}

static ssize_t send_line(const syslogger *to, const log_line *line)
{
	return send(to->fd, line->text, line->length, MSG_NOSIGNAL);
}

/* <PRIORITY>text and a NUL, as Python sends it. A daemon that was started since is connected to. */
void syslogger_emit(const brood_log_record *record, void *data)
{
	const syslogger *to = data;
	char prefix[16];
	log_line line;
	snprintf(prefix, sizeof(prefix), "<%d>", to->facility << 3 | priority_of(record->level));
	line_format(&line, record, &to->formatter, prefix);
	line.text[line.length - 1] = '\0';
	if (send_line(to, &line) < 0 && errno != EMSGSIZE && connect_to(to) == 0)
		send_line(to, &line);
	line_clear(&line);
}
