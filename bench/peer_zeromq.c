/* SPDX-License-Identifier: MIT */

/*
 * ZeroMQ, push and pull over abstract sockets. Its threads do not survive a fork, so each process
 * makes its own sockets. Several at both ends are a mesh, in which each sender serves
 * the receivers in turn: so that each gets its share.
 */

#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

#include "peers.h"

static int serial[CHANNELS]; /* names the channels of this program */
static size_t opened_size;
static void *sockets[CHANNELS][MANY];
static int n_sockets[CHANNELS], next[CHANNELS];

static bool open_channel(int channel, size_t size, bool many)
{
	static int opened;
	(void)many;
	serial[channel] = opened++;
	opened_size = size;
	return true;
}

static void *make_socket(void *context, bool sends)
{
	void *s = zmq_socket(context, sends ? ZMQ_PUSH : ZMQ_PULL);
	int room = room_for(opened_size), again_ms = 1;
	check(s ? 0 : -1, "zmq_socket");
	check(zmq_setsockopt(s, sends ? ZMQ_SNDHWM : ZMQ_RCVHWM, &room, sizeof(room)), "HWM");
	check(zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &again_ms, sizeof(again_ms)), "RECONNECT_IVL");
	return s;
}

static void enter(int channel, seat at)
{
	static void *context;
	char name[100];
	if (!context)
		context = zmq_ctx_new();
	n_sockets[channel] = at.sends ? at.of : 1;
	next[channel] = at.number;
	for (int i = 0; i < n_sockets[channel]; i++) {
		void *s = sockets[channel][i] = make_socket(context, at.sends);
		snprintf(name, sizeof(name), "ipc://@brood-bench-zeromq-%d-%d-%d", (int)getppid(),
			 serial[channel], at.sends ? i : at.number);
		check(at.sends ? zmq_connect(s, name) : zmq_bind(s, name), name);
	}
}

static void send_message(int channel, const void *message, size_t size)
{
	check(zmq_send(sockets[channel][next[channel]++ % n_sockets[channel]], message, size, 0),
	      "zmq_send");
}

static void receive(int channel, void *message, size_t size)
{
	check(zmq_recv(sockets[channel][0], message, size, 0), "zmq_recv");
}

static void close_channel(int channel)
{
	(void)channel; /* they went with their processes */
}

const peer peer_zeromq = {
	.name = "ZeroMQ, push and pull",
	.open = open_channel,
	.send = send_message,
	.receive = receive,
	.close = close_channel,
	.enter = enter,
};
