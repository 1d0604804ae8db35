#include "engine/runtime/aside.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/runtime/scheduler.h"

namespace lode::engine {
namespace {

constexpr duration first_glance = std::chrono::milliseconds(1);
constexpr duration later_glances = std::chrono::milliseconds(20);

// Owned by the thread and by whoever waits for it.
struct work_aside {
    std::function<void()> work;
    std::atomic<bool> done{false};
};

bool begin(const std::shared_ptr<work_aside>& job) {
    try {
        std::thread([job] {
            job->work();
            job->done.store(true, std::memory_order_release);
        }).detach();
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

}  // namespace

// To look now and then costs less than a way for foreign threads to wake a core.
task<result<>> aside(std::function<void()> work, time_point until) {
    const auto job = std::make_shared<work_aside>();
    job->work = std::move(work);
    if (!begin(job)) co_return fail(errc::unavailable);
    for (duration pause = first_glance; !job->done.load(std::memory_order_acquire);
         pause = std::min(2 * pause, later_glances)) {
        if (now() >= until) co_return fail(errc::timed_out);
        co_await sleep_for(pause);
    }
    co_return result<>{};
}

}  // namespace lode::engine
