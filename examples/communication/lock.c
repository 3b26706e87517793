/* SPDX-License-Identifier: MIT */
/* Controlling access to a resource: whoever holds the lock writes. */

#include <stdio.h>

#include "brood/brood.h"

static void worker_with(void *arg)
{
	brood_lock *lock = arg;
	BROOD_WITH(lock)
	printf("Lock acquired via with\n");
}

static void worker_no_with(void *arg)
{
	brood_lock *lock = arg;
	brood_lock_acquire(lock);
	printf("Lock acquired directly\n");
	brood_lock_release(lock);
}

int main(void)
{
	brood_init();
	brood_lock *lock = brood_lock_new();
	brood_process *w = brood_start(.target = worker_with, .args = BROOD_VALUE(lock));
	brood_process *nw = brood_start(.target = worker_no_with, .args = BROOD_VALUE(lock));

	brood_process_join(w);
	brood_process_join(nw);
}
