/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C at a terminal, and SIGTERM to the parent alone, once and again and again: the program and
 * all its processes end, none is left over, and nothing is printed. Roles run as the
 * foreground of a terminal of their own, under each start method; what they leave
 * behind would be this process's children.
 */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

/* The children's: the root says "ready" when all have come so far. */
static void here(void *arg)
{
	_Atomic int *count = arg;
	atomic_fetch_add(count, 1);
}

static void await(_Atomic int *count, int all)
{
	while (atomic_load(count) < all)
		brood_sleep(0.001);
	ready();
}

static void sleep_long(void *arg)
{
	here(arg);
	brood_sleep(60);
}

static void ignore_all(void *arg)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	sleep_long(arg);
}

static void wait_for_parent(void *arg)
{
	here(arg);
	brood_process_join(brood_parent_process());
}

static void start_a_daemon(void *arg)
{
	brood_start(.target = ignore_all, .args = BROOD_SHARE(arg), .daemon = true);
	wait_for_parent(arg);
}

static _Atomic int *counter(void)
{
	return brood_calloc(1, sizeof(_Atomic int));
}

static int leaves_signals_alone(void)
{
	_Atomic int *count = counter();
	brood_process *p = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	brood_start(.target = ignore_all, .args = BROOD_SHARE(count), .daemon = true);
	brood_start(.target = start_a_daemon, .args = BROOD_SHARE(count));
	await(count, 4);
	brood_process_join(p);
	return 1;
}

/* Those who are no daemons have to look at their parent themselves, if they are to end with it. */
static int is_killed_alone(void)
{
	_Atomic int *count = counter();
	brood_start(.target = ignore_all, .args = BROOD_SHARE(count), .daemon = true);
	brood_process *p = brood_start(.target = start_a_daemon, .args = BROOD_SHARE(count));
	await(count, 3);
	brood_process_join(p);
	return 1;
}

static volatile sig_atomic_t told;

static void on_signal(int signal)
{
	told = signal;
	brood_interrupt();
}

static void handle(int signal)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigaction(signal, &action, NULL);
}

/* A signal may come between any two calls, and cut the next wait short. */
static int join_certainly(brood_process *p)
{
	int r;
	while ((r = brood_process_join(p)) == -EINTR)
		;
	return r < 0 ? r : brood_process_exitcode(p);
}

/* Children end by their own SIGINT; the parent, told, ends in order. */
static int ends_in_order(void)
{
	_Atomic int *count = counter();
	handle(SIGINT);
	brood_process *p = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	brood_process *q = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	await(count, 2);
	while (!told && brood_process_join(p) == 0 && brood_process_join(q) == 0)
		brood_sleep(60);
	if (told != SIGINT)
		return 1;
	return join_certainly(p) == -SIGINT && join_certainly(q) == -SIGINT ? 0 : 2;
}

/* Told alone, the parent tells its children. */
static int passes_it_on(void)
{
	_Atomic int *count = counter();
	handle(SIGTERM);
	brood_process *p = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	await(count, 1);
	if (brood_process_join(p) != -EINTR || !strstr(brood_error(), "brood_interrupt"))
		return 1;
	brood_process_terminate(p);
	return join_certainly(p) == -SIGTERM ? 0 : 2;
}

static void nothing(void) {}

static void notice(int signal)
{
	(void)signal;
}

/* A program that takes no notice, of however many. */
static int goes_on(void)
{
	handle(SIGINT);
	handle(SIGTERM);
	ready();
	for (int i = 0; i < 40; i++) {
		brood_process *p = brood_start(.call = nothing);
		if (!p) {
			fprintf(stderr, "%s\n", brood_error());
			return 1;
		}
		int code = join_certainly(p);
		if (code != 0 && code != -SIGINT)
			return 2;
		brood_process_free(p);
	}
	return brood_heap_check(stderr) == 0 ? 0 : 3;
}

/* The end of the program waits for its children whatever comes. */
static int is_told_while_it_ends(void)
{
	_Atomic int *count = counter();
	handle(SIGINT);
	handle(SIGTERM);
	brood_start(.target = ignore_all, .args = BROOD_SHARE(count), .daemon = BROOD_NO,
		    .name = "last");
	await(count, 1);
	return 0;
}

/* A program on a terminal. */
typedef struct terminal {
	pid_t pid;
	int master;
	int out, err; /* pipes from it */
} terminal;

static void become_foreground(int slave, const int *out, const int *err, const char *name)
{
	static const int by_terminal[] = {SIGHUP, SIGINT, SIGQUIT};
	for (int i = 0; i < 3; i++) /* which nohup or a shell's & may have had ignored */
		signal(by_terminal[i], SIG_DFL);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	dup2(slave, STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	dup2(err[1], STDERR_FILENO);
	execl("/proc/self/exe", "role", name, (char *)NULL);
	_exit(127);
}

static terminal start_on_terminal(const char *name, const char *method)
{
	int out[2], err[2];
	terminal made = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	assert_true(made.master >= 0);
	assert_int_equal(grantpt(made.master), 0);
	assert_int_equal(unlockpt(made.master), 0);
	int slave = open(ptsname(made.master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	setenv("BROOD_START_METHOD", method, 1);
	made.pid = fork();
	if (made.pid == 0)
		become_foreground(slave, out, err, name);
	close(slave);
	close(out[1]);
	close(err[1]);
	made.out = out[0];
	made.err = err[0];
	char line[8] = "";
	assert_int_equal(read(made.out, line, 6), 6);
	assert_string_equal(line, "ready\n");
	return made;
}

static void press_ctrl_c(const terminal *on)
{
	assert_int_equal(write(on->master, "\003", 1), 1);
}

/* Reads until all that hold the other end have closed it; false when that takes too long. */
static bool read_to_end(int fd, char *text, size_t size)
{
	size_t length = 0;
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	ssize_t r = -1;
	while (poll(&waiting, 1, 20000) > 0 && (r = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)r;
	text[length] = '\0';
	close(fd);
	return r == 0;
}

/* Its end: how, that nobody is left over, and that it said nothing. */
static int end_of(terminal *on)
{
	char out[200], err[2000];
	int status = -1;
	bool out_ended = read_to_end(on->out, out, sizeof(out));
	bool err_ended = read_to_end(on->err, err, sizeof(err));
	if (!out_ended || !err_ended)
		killpg(on->pid, SIGKILL);
	pid_t pid;
	while ((pid = waitpid(-1, &status, 0)) > 0 && pid != on->pid)
		;
	int of_root = status;
	while (waitpid(-1, NULL, 0) > 0) /* the orphans, which have ended */
		;
	assert_int_equal(errno, ECHILD);
	close(on->master);
	assert_true(out_ended && err_ended);
	assert_string_equal(out, "");
	assert_string_equal(err, "");
	return WIFSIGNALED(of_root) ? -WTERMSIG(of_root) : WEXITSTATUS(of_root);
}

static void under_each_method(void (*f)(const char *method))
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (const char *const *method = brood_all_start_methods(); *method; method++)
		f(*method);
	unsetenv("BROOD_START_METHOD");
}

static void ctrl_c(const char *method)
{
	terminal on = start_on_terminal("leaves_signals_alone", method);
	press_ctrl_c(&on);
	assert_int_equal(end_of(&on), -SIGINT);
}

static void test_ctrl_c_ends_all(void **state)
{
	(void)state;
	under_each_method(ctrl_c);
}

static void ctrl_c_handled(const char *method)
{
	terminal on = start_on_terminal("ends_in_order", method);
	press_ctrl_c(&on);
	assert_int_equal(end_of(&on), 0);
}

static void test_ctrl_c_ends_a_program_in_order(void **state)
{
	(void)state;
	under_each_method(ctrl_c_handled);
}

static void sigterm(const char *method)
{
	terminal on = start_on_terminal("is_killed_alone", method);
	kill(on.pid, SIGTERM);
	assert_int_equal(end_of(&on), -SIGTERM);
}

static void test_sigterm_to_the_parent_leaves_nobody(void **state)
{
	(void)state;
	under_each_method(sigterm);
}

static void sigterm_handled(const char *method)
{
	terminal on = start_on_terminal("passes_it_on", method);
	kill(on.pid, SIGTERM);
	assert_int_equal(end_of(&on), 0);
}

static void test_sigterm_can_be_passed_on(void **state)
{
	(void)state;
	under_each_method(sigterm_handled);
}

static void again_and_again(const char *method)
{
	terminal on = start_on_terminal("goes_on", method);
	for (int i = 0; i < 200 && kill(on.pid, i % 2 ? SIGTERM : 0) == 0; i++) {
		press_ctrl_c(&on);
		brood_sleep(0.0005);
	}
	assert_int_equal(end_of(&on), 0);
}

static void test_signals_again_and_again(void **state)
{
	(void)state;
	under_each_method(again_and_again);
}

static bool is_named(pid_t pid, const char *name)
{
	char path[40], text[20] = "";
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	FILE *file = fopen(path, "r");
	if (!file)
		return false;
	bool is = fgets(text, sizeof(text), file) && strncmp(text, name, strlen(name)) == 0;
	fclose(file);
	return is;
}

/* The child with this name: a program has others, under the start method forkserver. */
static pid_t child_of(pid_t pid, const char *name)
{
	char path[80];
	int child, found = 0;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (fscanf(file, "%d", &child) == 1)
		if (is_named(child, name))
			found = child;
	fclose(file);
	assert_true(found > 0);
	return found;
}

static void while_ending(const char *method)
{
	terminal on = start_on_terminal("is_told_while_it_ends", method);
	pid_t last = child_of(on.pid, "last");
	for (int i = 0; i < 20; i++) {
		press_ctrl_c(&on);
		kill(on.pid, SIGTERM);
		brood_sleep(0.001);
	}
	assert_int_equal(waitpid(on.pid, NULL, WNOHANG), 0);
	kill(last, SIGKILL);
	assert_int_equal(end_of(&on), 0);
}

static void test_the_end_is_not_interrupted(void **state)
{
	(void)state;
	under_each_method(while_ending);
}

/* This process's own waits. */

static void interrupt_after(unsigned microseconds)
{
	handle(SIGALRM);
	ualarm(microseconds, 0);
}

static void test_waits_are_interrupted(void **state)
{
	(void)state;
	_Atomic int *count = counter();
	brood_process *p = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	interrupt_after(20000);
	assert_int_equal(brood_process_join(p), -EINTR);
	assert_sentence("was interrupted");
	interrupt_after(20000);
	assert_int_equal(brood_process_join_timed(p, 30), -EINTR);
	interrupt_after(20000);
	assert_int_equal(brood_sleep(30), -EINTR);
	signal(SIGALRM, SIG_DFL);
	brood_process_kill(p);
	assert_int_equal(brood_process_join(p), 0);
	brood_process_free(p);
	brood_free(count);
}

static void test_an_interrupt_is_kept_for_the_next_wait(void **state)
{
	(void)state;
	_Atomic int *count = counter();
	brood_process *p = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	brood_interrupt();
	brood_interrupt();
	assert_int_equal(brood_process_join_nowait(p), -ETIMEDOUT);
	assert_int_equal(brood_process_join(p), -EINTR);
	assert_int_equal(brood_process_join_timed(p, 0.001), -ETIMEDOUT);
	/* What has happened already is no wait. */
	brood_process_kill(p);
	assert_int_equal(brood_process_join(p), 0);
	brood_interrupt();
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_sleep(0), 0);
	assert_int_equal(brood_sleep(1), -EINTR);
	brood_process_free(p);
	brood_free(count);
}

static void join_the_parent(void *arg)
{
	interrupt_after(20000);
	*(_Atomic int *)arg = brood_process_join(brood_parent_process());
}

static void test_the_wait_for_the_parent_is_interrupted(void **state)
{
	(void)state;
	_Atomic int *result = counter();
	brood_process *p = brood_start(.target = join_the_parent, .args = BROOD_SHARE(result));
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(*result, -EINTR);
	brood_process_free(p);
	brood_free(result);
}

/* Handlers that say nothing do not cut a wait short. */
static void test_other_signals_do_not_interrupt(void **state)
{
	(void)state;
	_Atomic int *count = counter();
	brood_process *p = brood_start(.target = sleep_long, .args = BROOD_SHARE(count));
	struct sigaction action = {.sa_handler = notice}, before;
	sigaction(SIGALRM, &action, &before);
	ualarm(2000, 2000);
	assert_int_equal(brood_process_join_timed(p, 0.03), -ETIMEDOUT);
	ualarm(0, 0);
	sigaction(SIGALRM, &before, NULL);
	brood_process_kill(p);
	assert_int_equal(brood_process_join(p), 0);
	brood_process_free(p);
	brood_free(count);
}

static const role roles[] = {
	ROLE(leaves_signals_alone), ROLE(is_killed_alone), ROLE(ends_in_order),
	ROLE(passes_it_on),	    ROLE(goes_on),	   ROLE(is_told_while_it_ends),
};

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_waits_are_interrupted),
		TEST(test_an_interrupt_is_kept_for_the_next_wait),
		TEST(test_the_wait_for_the_parent_is_interrupted),
		TEST(test_other_signals_do_not_interrupt),
		TEST(test_ctrl_c_ends_all),
		TEST(test_ctrl_c_ends_a_program_in_order),
		TEST(test_sigterm_to_the_parent_leaves_nobody),
		TEST(test_sigterm_can_be_passed_on),
		TEST(test_signals_again_and_again),
		TEST(test_the_end_is_not_interrupted),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
