#include "cluster/source_thread.h"

#include <utility>

#include "engine/base/assert.h"
#include "engine/base/log.h"

namespace lode::cluster {

source_thread::~source_thread() { LODE_ASSERT(!thread_.joinable()); }

void source_thread::start(discovery_listener listener) {
    LODE_ASSERT(!thread_.joinable());
    listener_ = std::move(listener);
    thread_ = std::jthread([this](const std::stop_token& stopping) { run(stopping); });
}

void source_thread::stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
}

membership_status source_thread::status() const {
    const std::scoped_lock lock(mutex_);
    return {
        .problem = problem_.empty() ? beside_ : problem_, .nodes = nodes_, .heard_of = heard_of_};
}

void source_thread::publish(std::vector<discovered> all) {
    const std::size_t found = all.size();
    if (found > members_max) all.resize(members_max);
    {
        const std::scoped_lock lock(mutex_);
        if (heard_of_ && all == current_) return;
        nodes_ = all.size();
        heard_of_ = true;
    }
    if (found > all.size()) {
        counters_.skipped.add(found - all.size());
        log::warning("cluster: {} nodes were found, and {} are the most: the rest is left out",
                     found, members_max);
    }
    counters_.lists.add();
    current_ = all;
    listener_(std::move(all));
}

void source_thread::complain(std::string sentence) {
    counters_.failures.add();
    const std::scoped_lock lock(mutex_);
    if (problem_.empty()) {
        log::warning("cluster: {}; {}", sentence,
                     heard_of_ ? "the last list of nodes stays in force" : "no node is known yet");
    } else if (problem_ != sentence) {
        log::debug("cluster: {}", sentence);
    }
    problem_ = std::move(sentence);
}

void source_thread::all_is_well() {
    const std::scoped_lock lock(mutex_);
    if (problem_.empty()) return;
    problem_.clear();
    log::info("cluster: the list of nodes is up to date again");
}

void source_thread::warn_beside(std::string sentence) {
    const std::scoped_lock lock(mutex_);
    if (sentence == beside_) return;
    if (!sentence.empty()) log::failure("cluster: {}", sentence);
    beside_ = std::move(sentence);
}

bool source_thread::sleep(const std::stop_token& stopping, duration time) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stopping, time, [] { return false; });
    return !stopping.stop_requested();
}

}  // namespace lode::cluster
