/* SPDX-License-Identifier: MIT */
/* The macros of the headers, expanded in plain C: compiled only, never run. */

#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	double x, y;
} point;
BROOD_TYPE(point, x, y);

typedef struct {
	int id;
	const char *path;
	char label[16];
	point where;
	point *corners;
	size_t n_corners;
	int *shared;
} job;
BROOD_TYPE(job, id, path, label, BROOD_NESTED(point, where), BROOD_MANY(point, corners, n_corners),
	   BROOD_SHARED(shared));

BROOD_STRUCT(pair, (int, first), (const char *, second));

static void target(void *arg)
{
	const job *j = arg;
	if (brood_is(arg, job))
		brood_log_info("job %d", j->id);
}

static void start_some(void)
{
	int number = 3;
	job next = {.id = 1};
	const brood_value values[] = {
		BROOD_VALUE(number),
		BROOD_VALUE("text"),
		BROOD_POINTED(job, &next),
		BROOD_ARGS(pair, .first = 1, .second = "two"),
		BROOD_SHARE(NULL),
		BROOD_BORROW(&number),
		BROOD_NONE,
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		brood_must(brood_start(.target = target, .args = values[i], .daemon = BROOD_NO));
}

static void share(void)
{
	brood_dict *d = brood_dict_new();
	brood_list *list = brood_list_new();
	brood_namespace *space = brood_namespace_new();
	size_t count;
	brood_must(brood_dict_set(d, "list", list));
	brood_must(brood_list_append(list, 2.5));
	brood_must(brood_namespace_set(space, "size", 3));
	brood_free(brood_list_get(list, 0, double));
	brood_free(brood_namespace_get(space, "size", int));
	double **values = brood_list_values(list, double, &count);
	printf("%s %s %s %d\n", brood_dict_repr(d), brood_list_repr(list),
	       brood_namespace_repr(space), brood_dict_has(d, 3));
	brood_free(values);
}

static void talk(void)
{
	brood_pipe both = brood_pipe_new(), one = brood_pipe_new(.one_way = true);
	brood_must(brood_send(both.first, job, .id = 1));
	brood_must(brood_send_timed(one.writer, 0.5, int, 2));
	brood_must(brood_send_nowait(one.writer, brood_string, "three"));
	brood_must(brood_connection_send(both.second, BROOD_VALUE(one.reader)));
	job *next = brood_recv(both.second, job);
	brood_connection *end = brood_recv_timed(both.first, brood_connection_handle, 0.5);
	int *number = brood_recv_nowait(end, int);
	brood_free(next);
	brood_free(number);
	brood_connection_free(both.first);
	brood_connection_close(both.second);
}

int main(void)
{
	brood_must(brood_init());
	talk();
	share();
	brood_process *p = brood_must(brood_process_new(.target = target, .name = "one",
							.args = BROOD_ARGS(job, .id = 3)));
	brood_must(brood_process_start(p));
	brood_must(brood_heap_trim());
	printf("%s %s\n", brood_process_repr(p), brood_process_repr(brood_current_process()));
	if (brood_process_exitcode(p) == BROOD_NO_EXITCODE)
		brood_process_join_timed(p, BROOD_FOREVER);
	brood_log(brood_get_logger(), BROOD_LOG_WARNING, "%s", brood_name());
	start_some();
	brood_process_free(p);
	return 0;
}
