#include "engine/runtime/core.h"

#include <algorithm>
#include <chrono>
#include <string>

#include <pthread.h>
#include <sched.h>

#include "engine/base/assert.h"

namespace lode::engine {
namespace {

constexpr std::size_t ready_batch = 256;
constexpr duration backlog_retry = std::chrono::microseconds(50);

thread_local core* current_core = nullptr;  // NOLINT

std::vector<int> allowed_cpus() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    std::vector<int> cpus;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
        }
    }
    if (cpus.empty()) cpus.push_back(0);
    return cpus;
}

}  // namespace

core::core(core_id self, mail_system& mail, const clock& time)
    : self_(self), scheduler_(time, random::from_system()), mailbox_(mail, self) {}

result<> core::open(ring::options o) {
    scheduler_.enter();
    current_core = this;
    auto opened = ring_.open(o);
    if (opened) mailbox_.announce(ring_.fd());
    return opened;
}

void core::run(task<void> main) {
    run_main(*this, std::move(main));
    while (!finished_) {
        mailbox_.drain();                              // what other cores sent
        scheduler_.timers().expire(scheduler_.now());  // what became due
        scheduler_.ready().run(ready_batch);           // bounded: new work waits its turn
        mailbox_.flush([this](int ring_fd) { ring_.wake(ring_fd); });
        ring_.submit_and_wait(wait_limit());
        mailbox_.woke();
        ring_.reap();  // posts waiters, resumes nobody
    }
    current_core = nullptr;
}

duration core::wait_limit() {
    if (finished_ || !scheduler_.ready().empty() || ring_.polling()) return duration::zero();
    if (!mailbox_.try_sleep()) return duration::zero();
    const time_point due = scheduler_.timers().next_due();
    const duration limit = due == never ? duration::max() : due - scheduler_.now();
    return mailbox_.has_backlog() ? std::min(limit, backlog_retry) : limit;
}

detail::detached core::run_main(core& self, task<void> main) {
    co_await std::move(main);
    self.finished_ = true;
}

core& core::current() {
    LODE_ASSERT(current_core != nullptr);
    return *current_core;
}

core* core::current_or_null() { return current_core; }

core_group::core_group(options o)
    : options_(o), cpus_(allowed_cpus()), mail_(o.cores == 0 ? cpus_.size() : o.cores) {}

core_group::~core_group() { join(); }

result<> core_group::start(std::function<task<void>(core_id)> main) {
    LODE_ASSERT(threads_.empty());
    main_ = std::move(main);
    for (std::size_t i = 0; i < mail_.cores(); ++i) {
        threads_.emplace_back([this, i] { thread_main(core_id(static_cast<std::uint16_t>(i))); });
    }
    for (std::size_t seen = 0; seen < mail_.cores(); seen = opened_.load()) opened_.wait(seen);
    const int failed = failed_errno_.load();
    verdict_.store(failed == 0 ? 1 : -1);
    verdict_.notify_all();
    if (failed == 0) return {};
    join();
    return fail_errno(failed);
}

void core_group::thread_main(core_id self) {
    pthread_setname_np(pthread_self(), ("lode-" + std::to_string(self.value())).c_str());
    if (options_.pin == options::pinning::pinned) {
        cpu_set_t mine;
        CPU_ZERO(&mine);
        CPU_SET(cpus_[self.value() % cpus_.size()], &mine);
        (void)pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
    }
    core here(self, mail_, clock_);
    if (auto opened = here.open(options_.ring); !opened) failed_errno_.store(opened.error().sys);
    opened_.fetch_add(1);
    opened_.notify_all();
    verdict_.wait(0);
    if (verdict_.load() > 0) here.run(main_(self));
}

void core_group::join() {
    for (std::thread& t : threads_) t.join();
    threads_.clear();
}

}  // namespace lode::engine
