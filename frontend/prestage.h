// frontend/prestage.h
//
// Brings whole objects into the cache before anybody reads them: a HEAD with Range: bytes=0-0 asks for
// it. The parts are filled one after the other at background priority.
//
//   Core     One; stop() before the core's connections to the origin end.
//   Memory   A few hundred bytes for each object; `objects_max` at the same time.
//   Errors   None that anybody waits for: what cannot be fetched is absent, and counted.
//   Limits   Only with an identity of lode's own: a HEAD's signature is good for no GET.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "engine/base/counters.h"
#include "engine/runtime/scope.h"
#include "frontend/origin/object_version.h"

namespace lode::frontend {

struct serving;

class prestaging {
  public:
    static constexpr std::size_t objects_max = 1024;

    struct statistics {
        counter asked;     // for an object that was not under way already
        counter refused;   // too many at once
        counter complete;  // every part is here
        counter failed;    // not all of it is
    };

    explicit prestaging(serving& here) : here_(here) {}

    // Returns at once. Nothing happens for an object that is under way.
    void begin(const origin::object_name& name);

    // How many parts of the object have been filled since it was asked for; nothing when none is.
    struct progress {
        std::uint32_t parts = 0;  // 0: not known yet
        std::uint32_t done = 0;
    };
    [[nodiscard]] std::optional<progress> progress_of(const origin::object_name& name) const;

    // Ends what is under way. A part that is being filled is not waited for: it may take an hour.
    engine::task<void> stop();

    [[nodiscard]] const statistics& stats() const { return stats_; }

  private:
    engine::task<void> run(origin::object_name name, progress& mine);
    engine::task<bool> bring(const origin::object_name& name, progress& mine);
    engine::task<result<>> filled(engine::part_key part);

    serving& here_;
    std::unordered_map<std::string, progress> under_way_;  // by name
    statistics stats_;
    bool stopping_ = false;
    engine::scope background_;
};

}  // namespace lode::frontend
