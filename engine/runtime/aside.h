// engine/runtime/aside.h
//
// Work that blocks, on a thread of its own, while the core goes on with its own.
//
//   co_await engine::aside([path, text] { write(path, text); }, now() + 10s)
//
//   Core      Any; the work itself runs on none, and touches nothing of one.
//   Memory    A thread. For what happens now and then.
//   Lifetime  Work that is late is left to itself: it owns whatever it needs after `until`.
//   Errors    timed_out: it goes on, and nobody waits for it. unavailable: no thread could be started, and
//             nothing was done.
#pragma once

#include <functional>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "engine/runtime/task.h"

namespace lode::engine {

[[nodiscard]] task<result<>> aside(std::function<void()> work, time_point until);

}  // namespace lode::engine
