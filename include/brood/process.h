/* SPDX-License-Identifier: MIT */
#ifndef BROOD_PROCESS_H
#define BROOD_PROCESS_H

#include "brood/base.h"

#endif
