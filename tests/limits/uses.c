/* SPDX-License-Identifier: MIT */

#include "uses.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "brood/brood.h"

static const char unset[] = "this is no sentence of the library";
static const double patience = 30; /* for what must come */
static shown now;

void uses_say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vdprintf(USES_TELL, format, args);
	va_end(args);
}

int uses_end(pid_t pid, int told, char *text, size_t size)
{
	int status;
	if (waitpid(pid, &status, 0) != pid)
		status = -1;
	ssize_t length = pread(told, text, size - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	close(told);
	return status;
}

#define must(condition) must_be(condition, #condition, __LINE__)
static bool must_be(bool condition, const char *text, int line)
{
	if (condition)
		return true;
	uses_say("line %d: not %s; the sentence is: %s\n", line, text, brood_error());
	now.wrong++;
	return false;
}

/* A failure must be an error with a sentence of its own; the use's result is the first one. */
static void failed(int err)
{
	const char *sentence = brood_error();
	must(err > 0 && err < 4096);
	must(strcmp(sentence, unset) != 0 && strlen(sentence) > 10);
	must(!strstr(sentence, "(null)") && !strstr(sentence, "Success"));
	if (!now.err) {
		now.err = err;
		snprintf(now.sentence, sizeof(now.sentence), "%s", sentence);
	}
	error_record(0, "%s", unset);
}

static bool works(long long r)
{
	if (r < 0)
		failed((int)-r);
	return r >= 0;
}

static bool made(const void *object)
{
	int err = errno;
	if (!object)
		failed(err);
	return object != NULL;
}

/* One that was started ends so, or had to end before it began: that is its own failure. */
static void ends_with(brood_process *p, int code)
{
	if (!p)
		return;
	if (!must(brood_process_join_timed(p, patience) == 0)) {
		brood_process_kill(p);
		brood_process_join(p);
	}
	int is = brood_process_exitcode(p);
	if (is != code && is > 0) {
		error_record(ECHILD, "the child failed: exit code %d", is);
		failed(ECHILD);
	} else {
		must(is == code);
	}
	brood_process_free(p);
}

/* --- processes --- */

static void exit_with(void *arg)
{
	exit(*(int *)arg);
}

static void starts_and_joins(void)
{
	int code = 5;
	brood_process *p = brood_start(.target = exit_with, .args = BROOD_VALUE(code));
	if (made(p))
		ends_with(p, 5);
}

static void stay(void)
{
	for (;;)
		pause();
}

static void signals(void)
{
	brood_process *p = brood_start(.call = stay, .daemon = true);
	if (!made(p))
		return;
	brood_process_is_alive(p);
	works(brood_process_sentinel(p));
	must(brood_process_join_nowait(p) < 0 || brood_process_exitcode(p) > 0);
	must(brood_process_kill(p) == 0);
	ends_with(p, -SIGKILL);
}

static void terminates_a_tree(void)
{
	brood_process *p = brood_start(.call = stay, .daemon = true);
	if (!made(p))
		return;
	if (!works(brood_process_kill_tree(p)))
		must(brood_process_kill(p) == 0);
	ends_with(p, -SIGKILL);
}

static void crash(void)
{
	raise(SIGABRT);
}

static void reports(void)
{
	int count;
	brood_process *p = brood_start(.call = crash);
	if (!made(p))
		return;
	must(brood_process_join_timed(p, patience) == 0);
	brood_report *report = brood_process_report(p);
	if (made(report)) {
		must(report->signal == SIGABRT || report->exitcode > 0);
		brood_report_stack(report, &count);
		must(count >= 0);
	}
	brood_report_free(report);
	brood_process_free(p);
}

/* --- objects --- */

static void put_three(void *arg)
{
	for (int i = 0; i < 3; i++)
		if (brood_put((brood_queue *)arg, int, i) < 0)
			exit(3);
}

/* As long as somebody may put. */
static int get_from(brood_queue *q, brood_process *p, int *number)
{
	int r = -ETIMEDOUT;
	while (r == -ETIMEDOUT && brood_process_join_nowait(p) == -ETIMEDOUT)
		r = brood_get_into_timed(q, int, number, 0.05);
	return r == -ETIMEDOUT ? brood_get_into_nowait(q, int, number) : r;
}

static void queues(void)
{
	brood_queue *q = brood_queue_new(.max = 2);
	if (!made(q))
		return;
	brood_process *p = brood_start(.target = put_three, .args = BROOD_VALUE(q));
	bool started = made(p);
	works(brood_queue_fd(q));
	int number;
	for (int i = 0; started && i < 3; i++) {
		if (!works(get_from(q, p, &number)))
			break;
		must(number == i);
	}
	ends_with(p, 0);
	must(brood_queue_free(q) == 0);
}

static void answer(void *arg)
{
	brood_connection *c = arg;
	int *got = brood_recv(c, int);
	if (!got || brood_send(c, int, *got + 1) < 0)
		exit(4);
}

static void pipes(void)
{
	static char large[1 << 20], back[1 << 20];
	brood_pipe p = brood_pipe_new();
	if (!made(p.first))
		return;
	if (works(brood_connection_send_bytes_timed(p.first, large, sizeof(large), patience)))
		works(brood_connection_recv_into_timed(p.second, back, sizeof(back), patience));
	brood_process *child = brood_start(.target = answer, .args = BROOD_VALUE(p.second));
	brood_connection_close(p.second);
	if (made(child) && works(brood_send(p.first, int, 1))) {
		int *got = brood_connection_recv_as_timed(p.first, &brood_type_int, patience);
		must(!made(got) || *got == 2);
		brood_free(got);
	}
	brood_connection_close(p.first);
	ends_with(child, 0);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
}

typedef struct stage {
	brood_lock *lock;
	brood_event *event;
} stage;
BROOD_TYPE(stage, lock, event);

static void die_holding(void *arg)
{
	const stage *s = arg;
	brood_lock_acquire(s->lock);
	brood_event_set(s->event);
	raise(SIGKILL);
}

/* A lock's holder is killed; the next one is told, also where no death is. */
static void locks(void)
{
	stage s = {.lock = brood_lock_new(), .event = brood_event_new()};
	if (!made(s.lock) || !made(s.event))
		return;
	brood_process *p = brood_start(.target = die_holding,
				       .args = BROOD_ARGS(stage, .lock = s.lock, .event = s.event));
	if (made(p)) {
		brood_waitable things[] = {BROOD_WAITABLE(s.event), BROOD_WAITABLE(p)};
		if (works(brood_wait_timed(things, 2, patience)) && things[0].ready)
			must(brood_lock_acquire_timed(s.lock, patience) == BROOD_OWNER_DIED);
		ends_with(p, -SIGKILL);
		if (brood_lock_locked(s.lock))
			brood_lock_release(s.lock);
		if (must(brood_lock_acquire_timed(s.lock, patience) >= 0))
			brood_lock_release(s.lock);
	}
	must(brood_lock_free(s.lock) == 0);
	must(brood_event_free(s.event) == 0);
}

static void shares(void)
{
	brood_dict *d = brood_dict_new();
	if (!made(d))
		return;
	works(brood_dict_set_value(d, BROOD_VALUE("key"), BROOD_VALUE(3)));
	must(brood_dict_length(d) <= 1);
	must(brood_dict_free(d) == 0);
}

static void count_records(const brood_log_record *record, void *data)
{
	(void)record;
	++*(int *)data;
}

static void logs(void)
{
	int count = 0;
	brood_logger *logger = brood_logger_get("of a use");
	if (!made(logger) || !works(brood_logger_set_level(logger, BROOD_LOG_DEBUG)))
		return;
	long id = brood_logger_add_handler(logger, BROOD_LOG_DEBUG, count_records, &count);
	if (id <= 0)
		failed(errno);
	brood_log_at(logger, BROOD_LOG_INFO, __FILE__, __LINE__, __func__, "%d", 1);
	must(count == (id > 0));
	if (id > 0)
		works(brood_logger_remove_handler(logger, id));
}

const use uses[] = {
	{"start and join", starts_and_joins, true},
	{"signals", signals, true},
	{"tree", terminates_a_tree, true},
	{"report", reports, true},
	{"queue", queues, true},
	{"pipe", pipes, true},
	{"lock", locks, true},
	{"shared", shares, false},
	{"log", logs, false},
};
const size_t use_count = sizeof(uses) / sizeof(uses[0]);

shown use_run(const use *one)
{
	now = (shown){0};
	error_record(0, "%s", unset);
	one->run();
	return now;
}
