/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "heap/life.h"
#include "queue/queue.h"

/* Of the looks at who is in the way, one of so many asks the kernel: it need not have told of a
 * death (heap/life.h). */
enum { THOROUGH_EVERY = 20 };

bool queue_is_dead(heap_owner who, bool thorough)
{
	return who && (thorough ? table_dead(who) : life_dead(who));
}

int queue_wait_once(queue_wait *w, brood_queue *q, heap_owner busy,
		    enum gate_ready (*look)(void *queue))
{
	bool thorough = w->turns++ % THOROUGH_EVERY == THOROUGH_EVERY - 1;
	bool dead = queue_is_dead(busy, thorough);
	if (dead && queue_repair(q))
		return 0;
	if (w->when == 0)
		return -ETIMEDOUT;
	if (!w->spun && look) {
		w->spun = true;
		if (gate_spin(look, q))
			return 0;
	}
	if (!w->announced) {
		w->token = gate_enter(w->at);
		w->announced = true;
		return 0;
	}
	w->announced = false;
	/* Waiting for a dead one is over at once; somebody else repairs, and wakes all then. */
	return gate_sleep(w->at, w->token, dead ? 0 : busy, w->when);
}
