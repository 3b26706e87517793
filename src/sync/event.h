/* SPDX-License-Identifier: MIT */
#ifndef SYNC_EVENT_H
#define SYNC_EVENT_H

#include "brood/sync.h"
#include "sync/bell.h"

/* What is rung when the event is set; NULL with errno EINVAL and a sentence when it is none. */
bell *event_bell(brood_event *event);

#endif
