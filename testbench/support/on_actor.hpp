/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFSIM_TESTBENCH_ON_ACTOR_HPP
#define VFSIM_TESTBENCH_ON_ACTOR_HPP

#include <functional>

#include "base/actor.h"

/* Do `work` on an actor of its own, within 10 s of simulated time. False: it has not ended. */
bool on_actor(struct sim *sim, const std::function<void(struct actor *)> &work);

#endif
