/* SPDX-License-Identifier: MIT */
#ifndef BROOD_BROOD_H
#define BROOD_BROOD_H

/* brood: multiprocessing for C. Everything, in the order of the layers. */

#include "brood/base.h"
#include "brood/heap.h"
#include "brood/type.h"
#include "brood/log.h"
#include "brood/sync.h"
#include "brood/process.h"
#include "brood/report.h"
#include "brood/pipe.h"
#include "brood/queue.h"
#include "brood/shared.h"
#include "brood/wait.h"

#endif
