/* SPDX-License-Identifier: MIT */
#ifndef BROOD_TYPE_H
#define BROOD_TYPE_H

#include "brood/base.h"

#endif
