// frontend/prestage.h
//
// Brings whole objects into the cache before anybody reads them: a HEAD with Range: bytes=0-0 asks for
// it, or an operator. The parts are filled one after the other at background priority, each by the node
// that it will be asked of, so that a cluster fetches an object once.
//
//   Core     One; stop() before the core's connections to peers and origin end.
//   Memory   A few hundred bytes for each object; `objects_max` at the same time, and `remembered_max`
//            that have ended.
//   Errors   None that a client waits for: what cannot be fetched is absent, and counted.
//   Limits   Only with an identity of lode's own: a HEAD's signature is good for no GET.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "engine/base/counters.h"
#include "engine/runtime/scope.h"
#include "engine/runtime/wait_list.h"
#include "frontend/origin/object_version.h"
#include "frontend/peer/part_question.h"

namespace lode::frontend {

struct serving;

class prestaging {
  public:
    static constexpr std::size_t objects_max = 1024;
    static constexpr std::size_t remembered_max = 4096;

    struct statistics {
        counter asked;     // for an object that was not under way already
        counter refused;   // too many at once
        counter complete;  // every part is here, or where it belongs
        counter failed;    // not all of it is
    };

    explicit prestaging(serving& here) : here_(here) {}

    // Returns at once. Nothing happens for an object that is under way. False: too many are.
    bool begin(const origin::object_name& name);

    // How many parts of the object have been filled since it was asked for; nothing when none is.
    struct progress {
        std::uint32_t parts = 0;  // 0: not known yet
        std::uint32_t done = 0;
    };
    [[nodiscard]] std::optional<progress> progress_of(const origin::object_name& name) const;

    // How it stands with an object, or how it went with one that has ended a short while ago.
    enum class standing : std::uint8_t { under_way, complete, incomplete, no_such_object };
    struct account {
        standing stands = standing::under_way;
        bytes size;                   // of the object; 0 until it is known
        std::uint32_t parts = 0;      // 0: not known yet
        std::uint32_t done = 0;       // for better or worse
        std::uint32_t were_here = 0;  // of these, those for which nothing had to be done
        bytes brought;                // the length of the others that came
    };

    // Waits for its end until `until`. Nothing: it was not asked for, or long ago.
    [[nodiscard]] engine::task<std::optional<account>> follow(origin::object_name name,
                                                              time_point until);

    // Ends what is under way. A part that is being filled is not waited for: it may take an hour.
    engine::task<void> stop();

    [[nodiscard]] const statistics& stats() const { return stats_; }

  private:
    // What became of one part.
    enum class outcome : std::uint8_t { was_here, brought, absent };
    struct entry {
        account told;
        std::uint64_t ended = 0;  // its number in ended_
    };

    engine::task<void> run(origin::object_name name, account& mine);
    engine::task<void> bring(const origin::object_name& name, account& mine);
    engine::task<outcome> bring_part(const origin::object_name& name,
                                     const origin::version_ptr& version, std::uint32_t part);
    engine::task<outcome> bring_here(const origin::object_name& name,
                                     const origin::version_ptr& version, std::uint32_t part);
    engine::task<std::optional<outcome>> bring_there(peer::part_question question);
    engine::task<std::optional<outcome>> watch_there(peer::part_question question,
                                                     std::string peer);
    engine::task<result<>> filled(engine::part_key part);
    void remember_end(const std::string& name);

    serving& here_;
    std::unordered_map<std::string, entry> objects_;             // by name
    std::deque<std::pair<std::string, std::uint64_t>> ended_{};  // in order
    std::uint64_t ends_ = 0;
    std::size_t under_way_ = 0;
    engine::wait_list somebody_ended_;
    statistics stats_;
    bool stopping_ = false;
    engine::scope background_;
};

}  // namespace lode::frontend
