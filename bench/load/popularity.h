// bench/load/popularity.h
//
// Which object is next. Each core draws for itself; together the cores of a run make one epoch.
//
//   Core        One.
//   Invariants  An epoch names each of the numbers once, over all cores; which of them a core names
//               depends on the seed and the number of cores alone.
#pragma once

#include <cstdint>
#include <optional>

#include "bench/load/load_options.h"
#include "bench/load/permutation.h"
#include "bench/load/zipf.h"
#include "engine/base/random.h"

namespace lode::bench {

// Which of how many cores.
struct core_share {
    unsigned index = 0;
    unsigned of = 1;
};

class popularity {
  public:
    struct options {
        popularity_law law = popularity_law::uniform;
        double zipf_exponent = 0.99;
        std::uint64_t count = 1;  // numbers from 0 to count - 1
        std::uint64_t seed = 1;
        core_share share;
    };
    explicit popularity(const options& o);

    [[nodiscard]] std::uint64_t next();

  private:
    std::uint64_t next_of_epoch();

    options options_;
    random chance_;
    zipf ranks_;
    std::uint64_t epoch_ = 0;
    std::uint64_t place_;
    permutation order_;
};

}  // namespace lode::bench
