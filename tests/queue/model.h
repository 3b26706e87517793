/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QUEUE_MODEL_H
#define TESTS_QUEUE_MODEL_H

/*
 * Included before the queue's own sources when they are built for the model: each atomic
 * operation is a point at which another process may go on or this one be killed; who is dead,
 * sleeping and waking are the model's.
 */

#include "model_points.h"

#define life_dead	model_dead
#define table_dead	model_dead
#define life_wait	model_wait
#define sys_futex_wake	model_wake
#define clock_now	model_now
#define brood_cpu_count model_cpu_count

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_fetch_add
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak

#ifdef __clang__
#define MODEL_LOAD(p)	     __c11_atomic_load((p), __ATOMIC_SEQ_CST)
#define MODEL_STORE(p, v)    __c11_atomic_store((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_EXCHANGE(p, v) __c11_atomic_exchange((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_ADD(p, v)	     __c11_atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_SWAP(p, e, v) \
	__c11_atomic_compare_exchange_strong((p), (e), (v), __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#else
#define MODEL_LOAD(p)	     __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define MODEL_STORE(p, v)    __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_EXCHANGE(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_ADD(p, v)	     __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define MODEL_SWAP(p, e, v) \
	__atomic_compare_exchange_n((p), (e), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#endif

#define atomic_load(p)				(model_point_at(p), MODEL_LOAD(p))
#define atomic_load_explicit(p, order)		(model_point_at(p), MODEL_LOAD(p))
#define atomic_store(p, v)			(model_point_at(p), MODEL_STORE(p, v))
#define atomic_store_explicit(p, v, order)	(model_point_at(p), MODEL_STORE(p, v))
#define atomic_exchange(p, v)			(model_point_at(p), MODEL_EXCHANGE(p, v))
#define atomic_fetch_add(p, v)			(model_point_at(p), MODEL_ADD(p, v))

#define atomic_compare_exchange_strong(p, e, v) (model_point_at(p), MODEL_SWAP(p, e, v))
#define atomic_compare_exchange_weak(p, e, v)	(model_point_at(p), MODEL_SWAP(p, e, v))

#endif
