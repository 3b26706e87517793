/* SPDX-License-Identifier: MIT */
#ifndef LOG_STATE_H
#define LOG_STATE_H

/*
 * What a started child that inherits nothing needs to log as its parent does: the
 * process layer carries it over. Handlers that are the program's own functions
 * do not cross; the program adds them again before brood_init().
 */

#include "brood/base.h"

typedef struct log_state {
	int level;	     /* of the logger "multiprocessing" */
	int stderr_handlers; /* how often brood_log_to_stderr() was called */
	bool disabled;	     /* by the configuration file */
	bool keep_existing;  /* how the configuration file was read */
	char *config_file;   /* path of the one in force, as it was given, or NULL */
	char *config_text;   /* what it held: it may be another by now, or gone */
	char *directory;     /* the working directory when it was read */
} log_state;

/* Takes it down. Returns 0, or -ENOMEM. log_state_clear() frees the strings. */
int log_state_get(log_state *ret);
void log_state_clear(log_state *state);

/*
 * Puts it in force, in the child. Log files of mode 'w' are appended to. Returns 0,
 * or the negative errno of the configuration file, the rest being in force then.
 */
int log_state_apply(const log_state *state);

/*
 * Notes which configuration file is in force: prepared while that can still fail, with
 * -ENOMEM, and put down once it is.
 */
struct config;
struct remembered;
int state_prepare(const struct config *made, bool keep_existing, struct remembered **ret);
void state_remember(struct remembered *made);

#endif
