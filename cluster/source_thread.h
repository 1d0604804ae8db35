// cluster/source_thread.h
//
// What all sources of membership have in common: the thread, the list in force, which is said only
// when it is another one, and what is wrong, which is logged once when it begins and once when it ends.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cluster/membership.h"
#include "engine/base/clock.h"

namespace lode::cluster {

class source_thread : public membership {
  public:
    ~source_thread() override;

    void start(discovery_listener listener) final;
    void stop() final;
    void announce(const member& /*self*/) override {}
    [[nodiscard]] membership_status status() const final;
    [[nodiscard]] const membership_counters& counters() const final { return counters_; }

  protected:
    // On the source's thread, until `stopping`. What it waits for must end then.
    virtual void run(const std::stop_token& stopping) = 0;

    // The rest is for the source's thread.
    void publish(std::vector<discovered> all);
    // The problem is the source's; the list in force stays.
    void complain(std::string sentence);
    void all_is_well();
    // Something that does not concern the list: `sentence` is said aloud when it is another one. Empty: no
    // more.
    void warn_beside(std::string sentence);
    // False: stopping.
    bool sleep(const std::stop_token& stopping, duration time);

    membership_counters counters_;

  private:
    discovery_listener listener_;
    std::vector<discovered> current_;  // of the source's thread
    mutable std::mutex mutex_;         // of what follows
    std::condition_variable_any woken_;
    std::string problem_;
    std::string beside_;
    std::size_t nodes_ = 0;
    bool heard_of_ = false;
    std::jthread thread_;
};

}  // namespace lode::cluster
