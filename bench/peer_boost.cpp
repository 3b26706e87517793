/* SPDX-License-Identifier: MIT */
/* Boost.Interprocess: its message_queue, in shared memory. */

#include <boost/interprocess/ipc/message_queue.hpp>
#include <cstdio>
#include <exception>
#include <unistd.h>

#include "peers.h"

using boost::interprocess::create_only;
using boost::interprocess::message_queue;

static message_queue *queues[CHANNELS];

static bool open_channel(int channel, size_t size, bool)
{
	char name[64];
	std::snprintf(name, sizeof(name), "brood-bench-%d-%d", (int)getpid(), channel);
	try {
		queues[channel] =
			new message_queue(create_only, name, (size_t)room_for(size), size);
	} catch (const std::exception &e) {
		std::fprintf(stderr, "message_queue: %s\n", e.what());
		return false;
	}
	message_queue::remove(name);
	return true;
}

static void send_message(int channel, const void *message, size_t size)
{
	queues[channel]->send(message, size, 0);
}

static void receive(int channel, void *message, size_t size)
{
	message_queue::size_type received;
	unsigned priority;
	queues[channel]->receive(message, size, received, priority);
}

static void close_channel(int channel)
{
	delete queues[channel];
}

extern "C" const peer peer_boost = {
	"Boost's message_queue", open_channel, send_message, receive, close_channel, nullptr, 0, false};
