// bench/load/request_source.h
//
// What a core asks for next: the options of a load as an endless row of requests.
//
//   Core        One.
//   Invariants  The same options, number of cores and core give the same row.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/load/data_set.h"
#include "bench/load/load_options.h"
#include "bench/load/popularity.h"
#include "engine/base/random.h"

namespace lode::bench {

struct planned_request {
    enum class kind : std::uint8_t { get, put } what = kind::get;
    std::uint64_t object = 0;
    std::optional<extent> range;  // nothing: the whole object
    bytes length;                 // of the body that is expected, or sent
};

class request_source {
  public:
    // `o` and `data` must outlive this.
    request_source(const load_options& o, const data_set& data, core_share share);

    [[nodiscard]] planned_request next();

    // How many requests of all cores name everything once.
    [[nodiscard]] static std::uint64_t epoch_length(const load_options& o, const data_set& data);

  private:
    [[nodiscard]] extent next_range(std::uint64_t object);
    [[nodiscard]] planned_request next_part();

    const load_options& options_;
    const data_set& data_;
    popularity popularity_;
    random chance_;
    bool by_part_;  // an epoch's numbers are parts, not objects
};

}  // namespace lode::bench
