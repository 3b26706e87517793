/* SPDX-License-Identifier: MIT */
#ifndef BROOD_LOG_H
#define BROOD_LOG_H

#include "brood/base.h"

#endif
