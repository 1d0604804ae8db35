#include "engine/base/error.h"

#include <system_error>

#include <fmt/format.h>

#include "engine/base/assert.h"

namespace lode {

std::string_view name_of(errc code) {
    switch (code) {
        case errc::io: return "io";
        case errc::closed: return "closed";
        case errc::timed_out: return "timed out";
        case errc::cancelled: return "cancelled";
        case errc::protocol: return "protocol violation";
        case errc::too_large: return "too large";
        case errc::invalid: return "invalid";
        case errc::not_found: return "not found";
        case errc::no_space: return "no space";
        case errc::corrupt: return "corrupt";
        case errc::changed: return "changed";
        case errc::unavailable: return "unavailable";
        case errc::overloaded: return "overloaded";
        case errc::denied: return "denied";
    }
    LODE_ASSERT(!"an error code without a name");
}

std::string describe(error e) {
    if (e.sys == 0) return std::string(name_of(e.code));
    return fmt::format("{}: {}", name_of(e.code), std::generic_category().message(e.sys));
}

}  // namespace lode
