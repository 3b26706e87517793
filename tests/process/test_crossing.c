/* SPDX-License-Identifier: MIT */
/* The start methods whose processes are no copies, spawn and forkserver (METHOD): what crosses,
 * what does not, and what is refused. */

#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct job {
	int id;
	const char *path;
	notes *seen;
} job;
BROOD_TYPE(job, id, path, BROOD_SHARED(seen));

#ifdef IS_FORKSERVER
#define METHOD "forkserver"
#define CLASS  "ForkServerProcess"
#else
#define METHOD "spawn"
#define CLASS  "SpawnProcess"
#endif

static int private_number = 1;

static int code_of(brood_process *p)
{
	if (!p) {
		fprintf(stderr, "%s\n", brood_error());
		return 99;
	}
	brood_process_join(p);
	int code = brood_process_exitcode(p);
	brood_process_free(p);
	return code;
}

static void say_all(void *arg)
{
	const job *j = arg;
	sigset_t mask;
	struct sigaction usr1, usr2, hup;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigaction(SIGUSR1, NULL, &usr1);
	sigaction(SIGUSR2, NULL, &usr2);
	sigaction(SIGHUP, NULL, &hup);
	char folder[200], c;
	brood_process *up = brood_parent_process();
	printf("%d %s %s\n", j->id, j->path, brood_name());
	printf("parent %s %d\n", brood_process_name(up), brood_process_pid(up) == getppid());
	printf("private %d\n", private_number);
	printf("signals %d %d %d %d\n", usr1.sa_handler == SIG_IGN, hup.sa_handler == SIG_IGN,
	       usr2.sa_handler == SIG_DFL, sigismember(&mask, SIGTERM));
	printf("folder %s environment %s umask %o\n", getcwd(folder, sizeof(folder)),
	       getenv("SPAWN_TEST"), umask(0));
	printf("word %s stdin %zd method %s daemon %d\n", getenv("BROOD_BIRTH") ? "left" : "gone",
	       read(STDIN_FILENO, &c, 1), brood_get_start_method(),
	       brood_process_daemon(brood_current_process()));
	printf("descriptor %d\n", fcntl(77, F_GETFD) < 0);
	brood_process *child = brood_process_new();
	printf("child %s\n", brood_process_name(child));
	j->seen->value[0] = 42;
}

static void handled(int signal)
{
	(void)signal;
}

static int spawns_one(void)
{
	signal(SIGUSR1, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* which warm children do anyway, as long as they wait */
	signal(SIGUSR2, handled);
	sigset_t term;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	setenv("SPAWN_TEST", "set", 1);
	umask(027);
	if (chdir("/usr") < 0 || dup2(STDERR_FILENO, 77) < 0)
		return 1;
	private_number = 2;
	notes *seen = brood_calloc(1, sizeof(*seen));
	brood_process *p =
		brood_process_new(.target = say_all, .start_method = METHOD, .daemon = true,
				  .args = BROOD_ARGS(job, .id = 3, .path = "a.txt", .seen = seen));
	brood_process_set_name(p, "renamed");
	brood_process_start(p);
	int code = code_of(p);
	printf("seen %d\n", seen->value[0]);
	return code;
}

static void test_what_crosses(void **state)
{
	(void)state;
	outcome end;
	run_role("spawns_one", "input\n", &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "3 a.txt renamed\n"
				     "parent MainProcess 1\n"
				     "private 1\n"
				     "signals 1 1 1 1\n"
				     "folder /usr environment set umask 27\n"
				     "word gone stdin 0 method fork daemon 1\n"
				     "descriptor 1\n"
				     "child Process-1:1\n"
				     "seen 42\n");
	assert_int_equal(end.status, 0);
}

static void plain(void)
{
	printf("plain in %s\n", brood_name());
}

static void run(brood_process *self)
{
	printf("run of %s with %s\n", brood_process_name(self), (char *)brood_process_arg(self));
}

static void leave(void *arg)
{
	exit(*(int *)arg);
}

static void fall(void)
{
	brood_raise("RuntimeError", "spawned");
}

static void nest(void)
{
	exit(code_of(brood_start(.call = plain)));
}

static int spawns_all_kinds(void)
{
	brood_set_start_method(METHOD);
	code_of(brood_start(.call = plain));
	code_of(brood_start(.run = run, .class_name = "Worker", .args = BROOD_VALUE("text")));
	int seven = 7;
	printf("%d\n", code_of(brood_start(.target = leave, .args = BROOD_VALUE(seven))));
	printf("%d\n", code_of(brood_start()));
	printf("%d\n", code_of(brood_start(.call = fall, .name = "failing")));
	printf("%d\n", code_of(brood_start(.call = nest)));
	printf("%s\n", brood_process_name(brood_process_new(.context = brood_get_context(METHOD))));
	return 0;
}

static void test_every_kind_of_target(void **state)
{
	(void)state;
	outcome end;
	run_role("spawns_all_kinds", NULL, &end);
	assert_string_equal(end.out, "plain in Process-1\n"
				     "run of Worker-2 with text\n"
				     "7\n0\n1\n"
				     "plain in Process-6:1\n0\n" CLASS "-7\n");
	assert_non_null(strstr(end.err, "Process failing:\nTraceback (most recent call last):\n"));
	assert_non_null(strstr(end.err, "in fall\n"));
	assert_non_null(strstr(end.err, "\nRuntimeError: spawned\n"));
	assert_int_equal(end.status, 0);
}

static void log_one_deeper(void)
{
	brood_log_warning("in a child");
	if (strcmp(brood_name(), "deeper") == 0)
		return;
	code_of(brood_start(.call = log_one_deeper, .name = "deeper", .start_method = METHOD));
}

/* Its configuration file is gone when the children begin. */
static int removes_its_configuration(void)
{
	char path[] = "/tmp/brood-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	fputs("[loggers]\nkeys=root,m\n[handlers]\nkeys=h\n[formatters]\nkeys=f\n"
	      "[logger_root]\nhandlers=\n"
	      "[logger_m]\nqualname=multiprocessing\nlevel=WARNING\nhandlers=h\n"
	      "[handler_h]\nclass=StreamHandler\nargs=(sys.stdout,)\nformatter=f\n"
	      "[formatter_f]\nformat=%(processName)s says %(message)s\n",
	      file);
	fclose(file);
	if (brood_log_config_file(path) < 0)
		fprintf(stderr, "%s\n", brood_error());
	unlink(path);
	return code_of(
		brood_start(.call = log_one_deeper, .name = "child", .start_method = METHOD));
}

static void test_a_configuration_that_is_gone_crosses(void **state)
{
	(void)state;
	outcome end;
	run_role("removes_its_configuration", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "child says in a child\ndeeper says in a child\n");
	assert_int_equal(end.status, 0);
}

static int shows_the_log(void)
{
	brood_log_to_stderr(BROOD_LOG_INFO);
	return code_of(brood_start(.call = plain, .name = "c", .start_method = METHOD));
}

static void test_the_log_crosses(void **state)
{
	(void)state;
	outcome end;
	run_role("shows_the_log", NULL, &end);
	assert_string_equal(end.err, "[INFO/c] child process calling self.run()\n"
				     "[INFO/c] process shutting down\n"
				     "[INFO/c] process exiting with exitcode 0\n"
				     "[INFO/MainProcess] process shutting down\n");
}

static int is_deleted_first(void)
{
	char path[] = "/tmp/brood-deleted-XXXXXX", self[200];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length] = '\0';
	if (strstr(self, "/tmp/brood-deleted-")) {
		unlink(self);
		return code_of(brood_start(.call = plain, .start_method = METHOD));
	}
	char command[600];
	int fd = mkstemp(path);
	close(fd);
	snprintf(command, sizeof(command), "cp '%s' %s && chmod 700 %s && %s is_deleted_first",
		 self, path, path, path);
	int status = system(command);
	unlink(path);
	return WEXITSTATUS(status);
}

static void test_the_program_may_be_deleted(void **state)
{
	(void)state;
	outcome end;
	run_role("is_deleted_first", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "plain in Process-1\n");
	assert_int_equal(end.status, 0);
}

static int runs_under_the_loader(void)
{
	char command[500], self[200];
	if (getenv("UNDER_THE_LOADER"))
		return code_of(brood_start(.call = plain, .start_method = METHOD));
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[length] = '\0';
	snprintf(
		command, sizeof(command),
		"UNDER_THE_LOADER=1 $(ls /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.* 2>/dev/null | "
		"head -1) '%s' runs_under_the_loader",
		self);
	return WEXITSTATUS(system(command));
}

static void test_a_program_started_by_the_loader(void **state)
{
	(void)state;
	if (UNDER_ASAN || UNDER_TSAN) /* which refuse the layout that this gives */
		skip();
	outcome end;
	run_role("runs_under_the_loader", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "plain in Process-1\n");
	assert_int_equal(end.status, 0);
}

static int runs_a_plugin(void)
{
	void *module = dlopen(PLUGIN, RTLD_NOW);
	if (!module)
		return 1;
	void (*function)(void *);
	*(void **)&function = dlsym(module, "plugged");
	int n = 5, first = code_of(brood_start(.target = function, .args = BROOD_VALUE(n),
					       .start_method = METHOD));
	return first + code_of(brood_start(.import = PLUGIN ":plugged", .args = BROOD_VALUE(n),
					   .start_method = METHOD));
}

static void test_functions_of_plugins(void **state)
{
	(void)state;
	outcome end;
	run_role("runs_a_plugin", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "plugged 5\nplugged 5\n");
	assert_int_equal(end.status, 0);
}

#define REPLACED "replaced_plugin_" METHOD ".so"

static int starts_in_a_module(void)
{
	return code_of(brood_start(.import = FINALIZING_PLUGIN ":leaves_a_finalizer",
				   .args = BROOD_NONE, .name = "c", .start_method = METHOD));
}

static void test_a_module_outlives_the_finalizers(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_in_a_module", NULL, &end);
#ifdef IS_FORKSERVER
	const char *childs = "finalizer of a module that is there\n";
#else
	const char *childs = "finalizer of a module that is there\nthe module goes in c\n";
#endif
	assert_true(strncmp(end.out, childs, strlen(childs)) == 0);
	/* The starter has loaded it, too. */
	assert_string_equal(end.out + strlen(childs), "the module goes in MainProcess\n");
	assert_int_equal(end.status, 0);
}

static void wait_for_a_signal(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (;;)
		sigsuspend(&none);
}

static void nothing(void) {}

/* SIGRTMAX is not brood's in a process that outlives its parent, or of a main thread. */
static int sends_at_once(void)
{
	int dead = 0;
	sigset_t last;
	sigemptyset(&last);
	sigaddset(&last, SIGRTMAX);
	sigprocmask(SIG_BLOCK, &last, NULL);
	for (int i = 0; i < 100; i++) {
		brood_process *p = brood_start(.call = nothing, .start_method = METHOD);
		kill(brood_process_pid(p), SIGRTMAX);
		dead += code_of(p) != 0;
	}
	sigprocmask(SIG_UNBLOCK, &last, NULL);
	brood_process *p = brood_start(.call = wait_for_a_signal, .start_method = METHOD);
	kill(brood_process_pid(p), SIGRTMAX);
	return dead || code_of(p) != -SIGRTMAX;
}

static void test_a_blocked_signal_is_blocked_from_the_start(void **state)
{
	(void)state;
	outcome end;
	run_role("sends_at_once", NULL, &end);
	assert_int_equal(end.status, 0);
}

static int runs_a_replaced_plugin(void)
{
	int n = 5;
	if (system("cp " PLUGIN " " REPLACED) != 0)
		return 9;
	void *module = dlopen("./" REPLACED, RTLD_NOW);
	void (*function)(void *);
	*(void **)&function = dlsym(module, "plugged");
	if (system("cp " THREADED_PLUGIN " " REPLACED ".new && mv " REPLACED ".new " REPLACED) != 0)
		return 9;
	int code = code_of(brood_start(.target = function, .args = BROOD_VALUE(n),
				       .start_method = METHOD, .name = "importer"));
	unlink(REPLACED);
	return code;
}

static void test_an_import_error_has_no_calls_of_the_library(void **state)
{
	(void)state;
	outcome end;
	run_role("runs_a_replaced_plugin", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	const char *head = "Process importer:\nImportError: ";
	assert_memory_equal(end.err, head, strlen(head));
	assert_non_null(strstr(end.err, "has been replaced by another build"));
}

static int writes_to_nobody(void)
{
	int ends[2];
	if (pipe(ends) < 0)
		return 1;
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	return code_of(brood_start(.call = plain, .start_method = METHOD));
}

static void test_a_broken_stdout_is_no_failure(void **state)
{
	(void)state;
	outcome end;
	run_role("writes_to_nobody", NULL, &end);
	assert_int_equal(end.status, 0);
}

static void *start_one(void *arg)
{
	int n = 3;
	*(int *)arg = code_of(
		brood_start(.target = leave, .args = BROOD_VALUE(n), .start_method = METHOD));
	return NULL;
}

static int spawns_from_threads(void)
{
	pthread_t threads[8];
	int codes[8], sum = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, start_one, &codes[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		sum += codes[i];
	}
	return sum == 24 && brood_heap_check(stderr) == 0 ? 0 : 1;
}

static void test_many_threads(void **state)
{
	(void)state;
	outcome end;
	run_role("spawns_from_threads", NULL, &end);
	assert_int_equal(end.status, 0);
}

static void sleep_long(void)
{
	brood_sleep(60);
}

static int leaves_a_daemon(void)
{
	brood_process *p = brood_start(.call = sleep_long, .daemon = true, .start_method = METHOD);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	sleep_long();
	return 0;
}

static void test_a_daemon_dies_with_its_parent(void **state)
{
	(void)state;
	int fd;
	pid_t child, root = start_role("leaves_a_daemon", &fd);
	FILE *out = fdopen(fd, "r");
	assert_int_equal(fscanf(out, "%d", &child), 1);
	kill(root, SIGKILL);
	wait_gone(child);
	waitpid(root, NULL, 0);
	fclose(out);
}

static int is_refused(void)
{
	int number = 1;
	brood_process *p = brood_process_new(.target = leave, .args = BROOD_BORROW(&number),
					     .start_method = METHOD);
	printf("%d %d\n", p == NULL, strstr(brood_error(), "BROOD_BORROW") != NULL);
	p = brood_process_new(.call = (void (*)(void))(uintptr_t)&number, .start_method = METHOD);
	printf("%d %d\n", p == NULL, strstr(brood_error(), "in no program or library") != NULL);
	p = brood_process_new(.start_method = "teleport");
	printf("%d %d\n", p == NULL, strstr(brood_error(), "cannot find context") != NULL);
	p = brood_process_new(.start_method = "fork", .context = brood_get_context(METHOD));
	printf("%d\n", p == NULL && errno == EINVAL);
	return 0;
}

static void test_what_cannot_cross_is_refused_when_made(void **state)
{
	(void)state;
	outcome end;
	run_role("is_refused", NULL, &end);
	assert_string_equal(end.out, "1 1\n1 1\n1 1\n1\n");
}

static int without_init(void)
{
	brood_process *p = brood_start(.call = plain, .start_method = METHOD);
	printf("%d %d\n", p == NULL, strstr(brood_error(), "brood_init()") != NULL);
	return 0;
}

static void test_without_brood_init(void **state)
{
	(void)state;
	outcome end;
	run_role("without_init", NULL, &end);
	assert_string_equal(end.out, "1 1\n");
}

static int settles_a_method(void)
{
	printf("%s\n", brood_peek_start_method() ? "set" : "unset");
	printf("%d\n", brood_set_start_method("bad"));
	/* It has returned no NULL that this could be. */
	printf("%d\n", brood_process_join(NULL) < 0 && strstr(brood_error(), "is NULL"));
	printf("%d\n", brood_set_start_method(METHOD));
	printf("%d\n", brood_set_start_method(METHOD) == -EBUSY);
	printf("%s\n", brood_error());
	printf("%s %s\n", brood_get_start_method(), brood_all_start_methods()[0]);
	printf("%d\n", brood_force_start_method(NULL));
	printf("%s\n", brood_get_start_method());
	printf("%d\n", brood_set_start_method(METHOD) == -EBUSY);
	printf("%s\n", brood_context_start_method(brood_get_context(METHOD)));
	printf("%d\n", brood_get_context("bad") == NULL);
	return 0;
}

static void test_the_default_method(void **state)
{
	(void)state;
	outcome end;
	run_role("settles_a_method", NULL, &end);
	assert_string_equal(end.out,
			    "unset\n-22\n1\n0\n1\n"
			    "context has already been set, to " METHOD ": set the start method at "
			    "the beginning of main(), or use brood_force_start_method()\n" METHOD
			    " fork\n0\nfork\n1\n" METHOD "\n1\n");
}

static int thousand(void)
{
	brood_heap_stats before, after;
	for (int i = 0; i < 210; i++) {
		if (code_of(brood_start(.start_method = METHOD)) != 0)
			return 1;
		if (i == 9)
			brood_heap_stats_get(&before);
	}
	brood_heap_stats_get(&after);
	printf("%d\n", after.blocks == before.blocks);
	return 0;
}

static void test_nothing_stays(void **state)
{
	(void)state;
	outcome end;
	run_role("thousand", NULL, &end);
	assert_string_equal(end.out, "1\n");
}

static const role roles[] = {
	ROLE(removes_its_configuration),
	ROLE(spawns_one),
	ROLE(spawns_all_kinds),
	ROLE(shows_the_log),
	ROLE(is_deleted_first),
	ROLE(runs_a_plugin),
	ROLE(runs_a_replaced_plugin),
	ROLE(runs_under_the_loader),
	ROLE(writes_to_nobody),
	ROLE(spawns_from_threads),
	ROLE(leaves_a_daemon),
	ROLE(is_refused),
	ROLE(without_init),
	ROLE(settles_a_method),
	ROLE(starts_in_a_module),
	ROLE(sends_at_once),
	ROLE(thousand),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_crosses),
		TEST(test_every_kind_of_target),
		TEST(test_the_log_crosses),
		TEST(test_a_configuration_that_is_gone_crosses),
		TEST(test_the_program_may_be_deleted),
		TEST(test_functions_of_plugins),
		TEST(test_an_import_error_has_no_calls_of_the_library),
		TEST(test_a_program_started_by_the_loader),
		TEST(test_a_broken_stdout_is_no_failure),
		TEST(test_many_threads),
		TEST(test_a_daemon_dies_with_its_parent),
		TEST(test_what_cannot_cross_is_refused_when_made),
		TEST(test_without_brood_init),
		TEST(test_the_default_method),
		TEST(test_a_module_outlives_the_finalizers),
		TEST(test_a_blocked_signal_is_blocked_from_the_start),
		TEST(test_nothing_stays),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
