/* SPDX-License-Identifier: MIT */
/* The fork server: what its processes share with their starter, and that it can be lost at any
 * moment. What crosses in general is in test_crossing.c. */

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int run_here(void (*call)(void))
{
	return code_of(brood_start(.call = call, .start_method = "forkserver"));
}

static bool is_called(const char *pid, const char *comm, pid_t *ret_parent)
{
	char path[64], name[32];
	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	FILE *stat = fopen(path, "r");
	bool is = stat && fscanf(stat, "%*d (%31[^)]) %*c %d", name, ret_parent) == 2 &&
		  strcmp(name, comm) == 0;
	if (stat)
		fclose(stat);
	return is;
}

/* This process's children of that name; at most max. */
static int find(const char *comm, pid_t *found, int max)
{
	DIR *folder = opendir("/proc");
	int n = 0;
	pid_t parent;
	for (struct dirent *entry; n < max && (entry = readdir(folder));)
		if (is_called(entry->d_name, comm, &parent) && parent == getpid())
			found[n++] = (pid_t)atoi(entry->d_name);
	closedir(folder);
	return n;
}

static pid_t find_one(const char *comm)
{
	pid_t pid = 0;
	for (int i = 0; i < 10000 && find(comm, &pid, 1) == 0; i++)
		brood_sleep(0.001);
	return pid;
}

/* --- what is shared --- */

static void nothing(void) {}

static void say_surroundings(void)
{
	struct rlimit limit;
	cpu_set_t processors;
	getrlimit(RLIMIT_MSGQUEUE, &limit);
	sched_getaffinity(0, sizeof(processors), &processors);
	char folder[200];
	printf("same nice %d limit %d processors %d folder %s value %s umask %o\n",
	       getpriority(PRIO_PROCESS, 0) == getpriority(PRIO_PROCESS, (id_t)getppid()),
	       (int)limit.rlim_cur, CPU_COUNT(&processors), getcwd(folder, sizeof(folder)),
	       getenv("VALUE"), umask(0));
}

static int changes_everything(void)
{
	cpu_set_t one;
	CPU_ZERO(&one);
	setenv("VALUE", "first", 1);
	setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){.rlim_cur = 7, .rlim_max = 8});
	sched_getaffinity(0, sizeof(one), &one);
	for (size_t i = 0, kept = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &one) && kept++)
			CPU_CLR(i, &one);
	run_here(nothing);
	run_here(say_surroundings);
	setenv("VALUE", "second", 1);
	umask(026);
	if (chdir("/usr") < 0 ||
	    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 3) < 0 ||
	    sched_setaffinity(0, sizeof(one), &one) < 0 ||
	    setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){.rlim_cur = 5, .rlim_max = 5}) < 0)
		return 1;
	run_here(say_surroundings);
	clearenv();
	run_here(say_surroundings);
	return 0;
}

static void test_what_has_changed_is_shared(void **state)
{
	(void)state;
	outcome end;
	run_role("changes_everything", NULL, &end);
	const char *second = strchr(end.out, '\n') + 1;
	assert_true(strncmp(end.out, "same nice 1 limit 7 ", 20) == 0);
	assert_non_null(strstr(end.out, "value first umask 22\n"));
	assert_string_equal(second,
			    "same nice 1 limit 5 processors 1 folder /usr value second umask 26\n"
			    "same nice 1 limit 5 processors 1 folder /usr value (null) umask 26\n");
	assert_int_equal(end.status, 0);
}

static void say_streams(void)
{
	printf("out\n");
	fprintf(stderr, "err\n");
	brood_sleep(0);
	exit(fcntl(STDERR_FILENO, F_GETFD) < 0 ? 3 : 0);
}

static int changes_its_streams(void)
{
	FILE *file = tmpfile();
	char text[100] = "";
	int error = dup(STDERR_FILENO), output = dup(STDOUT_FILENO);
	run_here(say_streams);
	fprintf(file, "head\n");
	fflush(file);
	dup2(fileno(file), STDOUT_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	run_here(say_streams); /* shares the offset with this process */
	close(STDERR_FILENO);
	int code = run_here(say_streams);
	dup2(output, STDOUT_FILENO);
	dup2(error, STDERR_FILENO);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	printf("%d\n%s", code, text);
	return 0;
}

static void test_streams_are_those_of_the_moment(void **state)
{
	(void)state;
	outcome end;
	run_role("changes_its_streams", NULL, &end);
	assert_string_equal(end.err, "err\n");
	assert_non_null(strstr(end.out, "3\nhead\n"));
	const char *file = strstr(end.out, "head\n");
	assert_non_null(strstr(file, "err\n"));
	assert_non_null(strstr(strstr(file, "out\n") + 1, "out\n"));
	assert_int_equal(end.status, 0);
}

static void say_privileges(void)
{
	struct utsname name;
	uname(&name);
	char own[64] = "", parents[64] = "", path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)getppid());
	bool told = readlink("/proc/self/ns/mnt", own, sizeof(own) - 1) > 0 &&
		    readlink(path, parents, sizeof(parents) - 1) > 0;
	printf("user %d alone %d host %s%s\n", (int)getuid(),
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       strcmp(name.nodename, "elsewhere") == 0 ? name.nodename : "here",
	       told && strcmp(own, parents) != 0 ? " other mounts" : "");
}

static int gives_up_privileges(void)
{
	run_here(say_privileges);
	if (unshare(CLONE_NEWUTS) < 0 || sethostname("elsewhere", 9) < 0)
		return 77;
	run_here(say_privileges);
	if (unshare(CLONE_NEWNS) < 0)
		return 77;
	run_here(say_privileges);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	run_here(say_privileges);
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 77;
	run_here(say_privileges);
	return 0;
}

static void test_privileges_are_those_of_the_moment(void **state)
{
	(void)state;
	outcome end;
	if (getuid() != 0)
		skip();
	run_role("gives_up_privileges", NULL, &end);
	if (WEXITSTATUS(end.status) == 77)
		skip();
	assert_string_equal(end.out, "user 0 alone 0 host here\n"
				     "user 0 alone 0 host elsewhere\n"
				     "user 0 alone 0 host elsewhere\n"
				     "user 0 alone 1 host elsewhere\n"
				     "user 65534 alone 1 host elsewhere\n");
	assert_int_equal(end.status, 0);
}

static void say_folder(void)
{
	char folder[200];
	printf("in %s\n", getcwd(folder, sizeof(folder)));
}

static void start_in_folder(int err, const char *sentence)
{
	brood_process *p = brood_start(.call = say_folder, .start_method = "forkserver");
	printf("%d %d\n", !p && errno == err, !p && strstr(brood_error(), sentence) != NULL);
	if (p)
		code_of(p);
}

static int may_not_enter_its_folder(void)
{
	char folder[] = "/tmp/brood-XXXXXX";
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	rmdir(folder); /* it stays for who is in it */
	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		return 77;
	start_in_folder(EACCES, "chdir()");
	return chdir("/usr") < 0 || run_here(say_folder);
}

static int has_few_descriptors(void)
{
	int first = dup(STDIN_FILENO), last, fd;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 64, .rlim_max = 64});
	if (chdir("/usr") < 0 || run_here(nothing) != 0)
		return 1;
	for (last = first; (fd = dup(first)) >= 0; last = fd)
		;
	close(last);
	start_in_folder(EMFILE, "ulimit -n");
	close(first);
	return run_here(say_folder);
}

static void test_the_folder_is_the_starters_or_nothing_starts(void **state)
{
	(void)state;
	outcome end;
	run_role("has_few_descriptors", NULL, &end);
	assert_string_equal(end.out, "1 1\nin /usr\n");
	assert_int_equal(end.status, 0);
	if (getuid() != 0)
		skip();
	run_role("may_not_enter_its_folder", NULL, &end);
	if (WEXITSTATUS(end.status) == 77)
		skip();
	assert_string_equal(end.out, "1 1\nin /usr\n");
	assert_int_equal(end.status, 0);
}

static int closes_its_output(void)
{
	run_here(nothing);
	printf("%d\n", find_one("brood-warm") > 0);
	fflush(stdout);
	close(STDOUT_FILENO);
	brood_sleep(60);
	return 0;
}

static void test_warm_children_hold_no_stream(void **state)
{
	(void)state;
	int fd;
	char text[10];
	pid_t root = start_role("closes_its_output", &fd);
	assert_int_equal(read(fd, text, sizeof(text)), 2);
	assert_int_equal(text[0], '1');
	assert_int_equal(read(fd, text, sizeof(text)), 0); /* it ends, though they live */
	kill(root, SIGKILL);
	waitpid(root, NULL, 0);
	close(fd);
}

/* --- the server's life and death --- */

static void sleep_long(void)
{
	brood_sleep(60);
}

/* The server and its warm children after this has been done to them. */
static int goes_on_after(const char *comm, int signal)
{
	brood_process *running =
		brood_start(.call = sleep_long, .start_method = "forkserver", .daemon = true);
	pid_t server = find_one("brood-server"), victims[8];
	/* Not the one that has become the running process by the time of the second look. */
	int n = 0;
	while (find_one(comm) && n == 0)
		n = find(comm, victims, 8);
	for (int i = 0; i < n; i++)
		kill(victims[i], signal);
	int codes = 0;
	for (int i = 0; i < 5; i++)
		codes += run_here(nothing);
	printf("%d %d %d\n", n > 0, codes, brood_process_is_alive(running));
	brood_process_kill(running);
	code_of(running);
	brood_forkserver_stop();
	bool none = waitpid(-1, NULL, 0) == -1 && errno == ECHILD;
	printf("%d %d\n", none, kill(server, 0) < 0);
	return 0;
}

static int kills_the_server(void)
{
	return goes_on_after("brood-server", SIGKILL);
}

static int stops_the_server(void)
{
	return goes_on_after("brood-server", SIGSTOP);
}

static int kills_warm_children(void)
{
	return goes_on_after("brood-warm", SIGKILL);
}

static int stops_warm_children(void)
{
	return goes_on_after("brood-warm", SIGSTOP);
}

static void test_the_server_may_be_lost(void **state)
{
	(void)state;
	const char *roles[] = {"kills_the_server", "stops_the_server", "kills_warm_children",
			       "stops_warm_children"};
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		outcome end;
		run_role(roles[i], NULL, &end);
		assert_string_equal(end.err, "");
		assert_string_equal(end.out, "1 0 1\n1 1\n");
		assert_int_equal(end.status, 0);
	}
}

static int names_its_helpers(void)
{
	brood_forkserver_set_warm(3);
	run_here(nothing);
	pid_t warm[8];
	find_one("brood-warm");
	printf("%d\n", find_one("brood-server"));
	for (int n = find("brood-warm", warm, 8); n-- > 0;)
		printf("%d\n", warm[n]);
	printf("0\n");
	fflush(stdout);
	brood_sleep(60);
	return 0;
}

static void test_nothing_survives_the_family(void **state)
{
	(void)state;
	if (UNDER_TSAN)
		skip(); /* it holds the death signal back in futex(2) */
	int fd;
	pid_t root = start_role("names_its_helpers", &fd), helpers[8];
	FILE *out = fdopen(fd, "r");
	int n = 0;
	while (n < 8 && fscanf(out, "%d", &helpers[n]) == 1 && helpers[n] != 0)
		n++;
	assert_true(n >= 2);
	kill(root, SIGKILL);
	for (int i = 0; i < n; i++)
		wait_gone(helpers[i]);
	waitpid(root, NULL, 0);
	fclose(out);
}

static void count_own(void)
{
	pid_t found[2];
	int before = find("brood-server", found, 2);
	int code = run_here(nothing);
	int after = find("brood-server", found, 2);
	/* A child that is just being made still goes by the server's name. */
	exit(code == 0 && before == 0 && after >= 1 ? 5 : 6);
}

static int nests(void)
{
	run_here(nothing);
	printf("%d\n", run_here(count_own));
	brood_process *p = brood_start(.call = count_own, .start_method = "fork");
	printf("%d\n", code_of(p));
	fflush(stdout);
	pid_t stranger = fork(); /* as daemon(3) does */
	if (stranger == 0)
		exit(run_here(nothing) == 0 ? 4 : 3);
	int status;
	waitpid(stranger, &status, 0);
	printf("%d %d\n", WEXITSTATUS(status), run_here(nothing));
	return 0;
}

static void test_each_process_has_its_own(void **state)
{
	(void)state;
	outcome end;
	run_role("nests", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "5\n5\n4 0\n");
	assert_int_equal(end.status, 0);
}

/* --- signals --- */

static void wait_for_signal(void)
{
	pause();
}

static void handled(int signal)
{
	(void)signal;
}

static int is_interrupted(void)
{
	setpgid(0, 0);
	signal(SIGINT, handled); /* this process has its own way with Ctrl-C */
	brood_forkserver_set_warm(1);
	run_here(nothing);
	pid_t warm = find_one("brood-warm");
	kill(0, SIGINT);
	brood_process *survivor = brood_start(.call = nothing, .start_method = "forkserver");
	printf("%d ", brood_process_pid(survivor) == warm);
	printf("%d\n", code_of(survivor));
	int ended = 0;
	for (int i = 0; i < 200; i++) {
		brood_process *p =
			brood_start(.call = wait_for_signal, .start_method = "forkserver");
		brood_process_interrupt(p); /* at once: not lost on its way */
		ended += code_of(p) == -SIGINT;
	}
	printf("%d\n", ended);
	return 0;
}

static void test_ctrl_c(void **state)
{
	(void)state;
	outcome end;
	run_role("is_interrupted", NULL, &end);
	assert_string_equal(end.out, "1 0\n200\n");
	assert_int_equal(end.status, 0);
}

/* --- preload, number, threads --- */

static int preloads(void)
{
	const char *none[] = {"no-such-module.so", PLUGIN, NULL},
		   *threaded[] = {THREADED_PLUGIN, NULL};
	int before = code_of(
		brood_start(.import = PLUGIN ":loaded_before", .start_method = "forkserver"));
	brood_forkserver_preload(none);
	int after = code_of(
		brood_start(.import = PLUGIN ":loaded_before", .start_method = "forkserver"));
	printf("%d %d\n", before, after);
	brood_forkserver_preload(threaded);
	brood_process *p = brood_start(.call = nothing, .start_method = "forkserver");
	printf("%d %s\n", p == NULL,
	       strstr(brood_error(), "has started threads: do not preload it") ? "refused"
									       : brood_error());
	brood_forkserver_preload(NULL);
	printf("%d\n", run_here(nothing));
	return 0;
}

static void test_preload(void **state)
{
	(void)state;
	outcome end;
	run_role("preloads", NULL, &end);
	assert_string_equal(end.out, "0 1\n1 refused\n0\n");
	assert_int_equal(end.status, 0);
}

static int keeps_so_many(void)
{
	pid_t warm[70];
	printf("%d %d\n", brood_forkserver_set_warm(-1), brood_forkserver_set_warm(65));
	for (int count = 0; count <= 5; count += 5) {
		brood_forkserver_set_warm(count);
		int r = brood_forkserver_start();
		for (int i = 0; i < 5000 && find("brood-warm", warm, 70) < count; i++)
			brood_sleep(0.001);
		printf("%d %d\n", r, find("brood-warm", warm, 70));
		printf("%d\n", run_here(nothing));
	}
	return 0;
}

static void test_the_number_of_warm_children(void **state)
{
	(void)state;
	outcome end;
	run_role("keeps_so_many", NULL, &end);
	assert_string_equal(end.out, "-22 -22\n0 0\n0\n0 5\n0\n");
}

static void *start_many(void *arg)
{
	for (int i = 0; i < 20; i++)
		*(int *)arg += run_here(nothing);
	return NULL;
}

static int has_threads(void)
{
	pthread_t threads[8];
	int codes[8] = {0}, sum = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, start_many, &codes[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		sum += codes[i];
	}
	brood_forkserver_stop();
	printf("%d %d\n", sum, brood_heap_check(stderr) == 0);
	return 0;
}

static void test_many_threads(void **state)
{
	(void)state;
	outcome end;
	run_role("has_threads", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "0 1\n");
	assert_int_equal(end.status, 0);
}

static int starts_many(void)
{
	static brood_process *all[300];
	brood_heap_stats before, after;
	run_here(nothing);
	brood_forkserver_stop();
	brood_heap_stats_get(&before);
	for (int i = 0; i < 300; i++)
		all[i] = brood_start(.call = nothing, .start_method = "forkserver");
	int codes = 0;
	for (int i = 0; i < 300; i++)
		codes += code_of(all[i]);
	brood_forkserver_stop();
	brood_heap_stats_get(&after);
	printf("%d %d %d\n", codes, after.blocks == before.blocks, waitpid(-1, NULL, 0) < 0);
	return 0;
}

static void test_nothing_stays(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_many", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "0 1 1\n");
}

static int without_init(void)
{
	brood_process *p = brood_start(.call = nothing, .start_method = "forkserver");
	printf("%d %d\n", p == NULL, strstr(brood_error(), "brood_init()") != NULL);
	printf("%d\n", brood_forkserver_start());
	return 0;
}

static void test_without_brood_init(void **state)
{
	(void)state;
	outcome end;
	run_role("without_init", NULL, &end);
	assert_string_equal(end.out, "1 1\n-22\n");
}

static const role roles[] = {
	ROLE(changes_everything),
	ROLE(changes_its_streams),
	ROLE(gives_up_privileges),
	ROLE(closes_its_output),
	ROLE(kills_the_server),
	ROLE(stops_the_server),
	ROLE(kills_warm_children),
	ROLE(stops_warm_children),
	ROLE(names_its_helpers),
	ROLE(nests),
	ROLE(is_interrupted),
	ROLE(preloads),
	ROLE(keeps_so_many),
	ROLE(has_threads),
	ROLE(starts_many),
	ROLE(without_init),
	ROLE(may_not_enter_its_folder),
	ROLE(has_few_descriptors),
};

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "without_init") != 0)
		brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_what_has_changed_is_shared),
		TEST(test_streams_are_those_of_the_moment),
		TEST(test_privileges_are_those_of_the_moment),
		TEST(test_the_folder_is_the_starters_or_nothing_starts),
		TEST(test_warm_children_hold_no_stream),
		TEST(test_the_server_may_be_lost),
		TEST(test_nothing_survives_the_family),
		TEST(test_each_process_has_its_own),
		TEST(test_ctrl_c),
		TEST(test_preload),
		TEST(test_the_number_of_warm_children),
		TEST(test_many_threads),
		TEST(test_nothing_stays),
		TEST(test_without_brood_init),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
