/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <fcntl.h>
#include <unistd.h>

static brood_pipe some_pipe(void)
{
	brood_pipe pipe = brood_pipe_new();
	expect(pipe.first && pipe.second);
	return pipe;
}

static void release(brood_pipe pipe)
{
	brood_connection_free(pipe.first);
	brood_connection_free(pipe.second);
}

static void made(void)
{
	brood_pipe pipe = TRY_ANY(brood_pipe_new());
	expect(!pipe.first == !pipe.second);
	expect(pipe.first || (errno > 0 && *brood_error()));
	if (!pipe.first)
		pipe = some_pipe();
	expect(TRY(brood_connection_open(pipe.first)) >= 0 || faulted());
	expect(TRY(brood_connection_fileno(pipe.first)) >= 0 || faulted());
	expect(TRY_ANY(brood_connection_readable(pipe.first)));
	expect(TRY_ANY(brood_connection_writable(pipe.first)));
	expect(!TRY_ANY(brood_connection_closed(pipe.first)));
	expect(TRY(brood_connection_poll_nowait(pipe.first)) <= 0);
	expect(TRY(brood_connection_poll_timed(pipe.first, 0.001)) <= 0);
	if (TRY(brood_connection_close(pipe.first)) < 0)
		expect(brood_connection_close(pipe.first) == 0);
	if (TRY(brood_connection_free(pipe.first)) < 0)
		expect(brood_connection_free(pipe.first) == 0);
	brood_connection_free(pipe.second);
}

static void values(void)
{
	brood_pipe pipe = some_pipe();
	brood_value value = BROOD_VALUE(5);
	int sent = TRY(brood_connection_send(pipe.first, value)) == 0;
	sent += TRY(brood_connection_send_timed(pipe.first, value, 1)) == 0;
	sent += TRY(brood_connection_send_nowait(pipe.first, value)) == 0;
	for (; sent < 6; sent++) /* enough, whichever receive fails */
		expect(brood_connection_send(pipe.first, value) == 0);
	TRY(brood_connection_poll(pipe.second));
	int *message = TRY_NEW(brood_connection_recv_as(pipe.second, &brood_type_int));
	expect(!message || *message == 5);
	brood_free(message);
	brood_free(TRY_NEW(brood_connection_recv_as_timed(pipe.second, &brood_type_int, 1)));
	brood_free(TRY_NEW(brood_connection_recv_as_nowait(pipe.second, &brood_type_int)));
	release(pipe);
}

static void bytes(void)
{
	static char buffer[100];
	brood_pipe pipe = some_pipe();
	TRY(brood_connection_send_bytes(pipe.first, "abc", 3));
	TRY(brood_connection_send_bytes_timed(pipe.first, "abc", 3, 1));
	TRY(brood_connection_send_bytes_nowait(pipe.first, "abc", 3));
	for (int i = 0; i < 6; i++)
		expect(brood_connection_send_bytes(pipe.first, "abc", 3) == 0);
	brood_free(TRY_NEW(brood_connection_recv_bytes(pipe.second, 100)));
	brood_free(TRY_NEW(brood_connection_recv_bytes_timed(pipe.second, 100, 1)));
	brood_free(TRY_NEW(brood_connection_recv_bytes_nowait(pipe.second, 100)));
	TRY(brood_connection_recv_into(pipe.second, buffer, sizeof(buffer)));
	TRY(brood_connection_recv_into_timed(pipe.second, buffer, sizeof(buffer), 1));
	TRY(brood_connection_recv_into_nowait(pipe.second, buffer, sizeof(buffer)));
	release(pipe);
}

static void take(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void descriptors(void)
{
	brood_pipe pipe = some_pipe();
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	TRY(brood_connection_send_fd(pipe.first, fd));
	TRY(brood_connection_send_fd_timed(pipe.first, fd, 1));
	TRY(brood_connection_send_fd_nowait(pipe.first, fd));
	for (int i = 0; i < 3; i++)
		expect(brood_connection_send_fd(pipe.first, fd) == 0);
	take((int)TRY(brood_connection_recv_fd(pipe.second)));
	take((int)TRY(brood_connection_recv_fd_timed(pipe.second, 1)));
	take((int)TRY(brood_connection_recv_fd_nowait(pipe.second)));
	close(fd);
	release(pipe);
}

static void waits(void)
{
	brood_pipe pipe = some_pipe();
	brood_queue *queue = brood_queue_new();
	expect(brood_put_value(queue, BROOD_VALUE(1)) == 0);
	brood_waitable things[] = {BROOD_WAITABLE(pipe.first), BROOD_WAITABLE(queue),
				   BROOD_WAITABLE(STDIN_FILENO)};
	expect(TRY(brood_wait(things, 2)) == 1 || faulted());
	TRY(brood_wait_timed(things, 2, 1));
	TRY(brood_wait_nowait(things, 3));
	expect(TRY(brood_wait_timed(things, 1, 0.001)) <= 0);
	brood_free(brood_get_nowait(queue, int));
	brood_queue_free(queue);
	release(pipe);
}

static const operation table[] = {
	{.name = "pipe new", .run = made},    {.name = "pipe values", .run = values},
	{.name = "pipe bytes", .run = bytes}, {.name = "pipe descriptors", .run = descriptors},
	{.name = "wait", .run = waits},
};
const operations pipe_operations = OPERATIONS(table);
