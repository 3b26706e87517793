/* SPDX-License-Identifier: MIT */

/*
 * nng, push and pull over abstract sockets. Its threads do not survive a fork, so each process
 * makes its own sockets. Several at both ends are a mesh, in which each sender serves
 * the receivers in turn: so that each gets its share.
 */

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <stdio.h>
#include <unistd.h>

#include "peers.h"

static int serial[CHANNELS]; /* names the channels of this program */
static size_t opened_size;
static nng_socket sockets[CHANNELS][MANY];
static int n_sockets[CHANNELS], next[CHANNELS];

static void must(int r, const char *what)
{
	if (r != 0)
		fprintf(stderr, "nng: %s\n", nng_strerror(r));
	check(-r, what);
}

static bool open_channel(int channel, size_t size, bool many)
{
	static int opened;
	(void)many;
	serial[channel] = opened++;
	opened_size = size;
	return true;
}

static void name_of(char *ret, size_t size, int channel, int receiver, pid_t program)
{
	snprintf(ret, size, "abstract://brood-bench-nng-%d-%d-%d", (int)program, serial[channel],
		 receiver);
}

static void dial(nng_socket *s, const char *name)
{
	int r;
	must(nng_push0_open(s), "nng_push0_open");
	must(nng_socket_set_int(*s, NNG_OPT_SENDBUF, room_for(opened_size)), "NNG_OPT_SENDBUF");
	while ((r = nng_dial(*s, name, NULL, 0)) == NNG_ECONNREFUSED)
		usleep(100);
	must(r, "nng_dial");
}

static void listen_at(nng_socket *s, const char *name)
{
	must(nng_pull0_open(s), "nng_pull0_open");
	must(nng_socket_set_size(*s, NNG_OPT_RECVMAXSZ, 0), "NNG_OPT_RECVMAXSZ");
	must(nng_listen(*s, name, NULL, 0), "nng_listen");
}

static void enter(int channel, seat at)
{
	char name[100];
	n_sockets[channel] = at.sends ? at.of : 1;
	next[channel] = at.number;
	for (int i = 0; i < n_sockets[channel]; i++) {
		name_of(name, sizeof(name), channel, at.sends ? i : at.number, getppid());
		if (at.sends)
			dial(&sockets[channel][i], name);
		else
			listen_at(&sockets[channel][i], name);
	}
}

static void send_message(int channel, const void *message, size_t size)
{
	nng_socket to = sockets[channel][next[channel]++ % n_sockets[channel]];
	must(nng_send(to, (void *)(uintptr_t)message, size, 0), "nng_send");
}

static void receive(int channel, void *message, size_t size)
{
	must(nng_recv(sockets[channel][0], message, &size, 0), "nng_recv");
}

static void close_channel(int channel)
{
	(void)channel; /* they went with their processes */
}

const peer peer_nng = {
	.name = "nng, push and pull",
	.open = open_channel,
	.send = send_message,
	.receive = receive,
	.close = close_channel,
	.enter = enter,
	.share = 20,
};
