// tests/cluster/heard_lists.h
//
// Listens to a source of membership and waits for what it says.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/membership.h"

namespace lode::cluster {

inline constexpr auto patience = std::chrono::seconds(10);

class heard_lists {
  public:
    [[nodiscard]] discovery_listener listener() {
        return [this](std::vector<discovered> all) {
            const std::scoped_lock lock(mutex_);
            lists_.push_back(std::move(all));
            changed_.notify_all();
        };
    }

    // The list of that number, from 1 on; empty where it did not come in time.
    [[nodiscard]] std::vector<discovered> wait_for(std::size_t number) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [&] { return lists_.size() >= number; });
        return lists_.size() >= number ? lists_[number - 1] : std::vector<discovered>();
    }

    [[nodiscard]] std::size_t count() {
        const std::scoped_lock lock(mutex_);
        return lists_.size();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::vector<discovered>> lists_;
};

// Whether `holds` becomes true in time.
inline bool eventually(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace lode::cluster
