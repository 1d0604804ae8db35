// tests/sim/origin_history.h
//
// Which versions of which objects were current when, and what each would answer to a range: the oracle of
// what clients were given.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "tests/frontend/small_origin.h"

namespace lode::frontend {

// From..to of a Range field, both inclusive; nothing: the whole object.
using wanted_range = std::optional<std::pair<std::size_t, std::size_t>>;

class origin_history {
  public:
    // From now on the origin has this object, in place of what was there.
    void put(small_origin& origin, const std::string& target, stored_object object, time_point now);

    [[nodiscard]] bool changed(const std::string& target, time_point begin, time_point end) const;

    // A whole answer. Empty: it is what a version answers that was current between begin and end; else
    // what is wrong with it.
    [[nodiscard]] std::string judge(const std::string& target, const wanted_range& range,
                                    std::string_view answer, time_point begin,
                                    time_point end) const;

    // An answer that broke off: whether it is the beginning of what one version answers, and one that was
    // current then.
    [[nodiscard]] bool is_beginning(const std::string& target, const wanted_range& range,
                                    std::string_view answer, time_point begin,
                                    time_point end) const;

  private:
    struct version {
        stored_object object;
        time_point from;
        time_point to = never;
    };

    std::map<std::string, std::vector<version>> versions_;
};

// The whole head is there, and as much of a body as it says.
[[nodiscard]] bool is_complete(std::string_view answer);

}  // namespace lode::frontend
