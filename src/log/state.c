/* SPDX-License-Identifier: MIT */

#include "log/state.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/newborn.h"
#include "log/config.h"
#include "log/log.h"

typedef struct remembered {
	retired retired;
	bool keep_existing;
	char *path, *text, *directory;
} remembered;

static remembered *_Atomic in_force;

static void destroy(retired *item)
{
	remembered *old = (remembered *)item;
	free(old->path);
	free(old->text);
	free(old->directory);
	free(old);
}

int state_prepare(const config *made, bool keep_existing, remembered **ret)
{
	remembered *note = calloc(1, sizeof(*note));
	if (note) {
		note->keep_existing = keep_existing;
		note->path = strdup(made->ini.path);
		note->text = strdup(made->ini.text);
		note->directory = strdup(made->directory);
	}
	if (!note || !note->path || !note->text || !note->directory) {
		if (note)
			destroy(&note->retired);
		return error_set(ENOMEM, "%s: no memory to note the file for children",
				 made->ini.path);
	}
	*ret = note;
	return 0;
}

void state_remember(struct remembered *made)
{
	remembered *old = atomic_exchange(&in_force, made);
	if (old)
		retire(&old->retired, destroy);
}

/* Copies what is remembered. Returns 0 or -ENOMEM. */
static int copy_remembered(log_state *to)
{
	const remembered *now = in_force;
	if (!now)
		return 0;
	to->keep_existing = now->keep_existing;
	to->config_file = strdup(now->path);
	to->config_text = strdup(now->text);
	to->directory = strdup(now->directory);
	return to->config_file && to->config_text && to->directory ? 0 : -ENOMEM;
}

int log_state_get(log_state *ret)
{
	log_state state = {.level = logger_multiprocessing.level,
			   .disabled = logger_multiprocessing.disabled,
			   .stderr_handlers = log_stderr_handlers()};
	reading_begin();
	int r = copy_remembered(&state);
	reading_end();
	if (r < 0) {
		log_state_clear(&state);
		return error_set(ENOMEM, "no memory for the logging configuration");
	}
	*ret = state;
	return 0;
}

void log_state_clear(log_state *state)
{
	free(state->config_file);
	free(state->config_text);
	free(state->directory);
	*state = (log_state){0};
}

NEWBORN int log_state_apply(const log_state *state)
{
	int r = 0;
	if (state->config_file)
		r = config_load(state->config_file,
				&(config_how){.keep_existing = state->keep_existing,
					      .append = true,
					      .text = state->config_text,
					      .directory = state->directory});
	for (int i = 0; i < state->stderr_handlers; i++)
		if (!brood_log_to_stderr(BROOD_LOG_NOTSET))
			r = -errno;
	logger_multiprocessing.level = state->level;
	logger_multiprocessing.disabled = state->disabled;
	return r;
}
