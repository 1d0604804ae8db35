#include "tools/lode-origin/refusal.h"

#include "engine/base/log.h"

namespace lode::dev_origin {

refusal::refusal(s3::s3_error e) : refusal(e, s3::describe(e).message) {}

refusal::refusal(s3::s3_error e, std::string_view text)
    : status(s3::describe(e).status), code(s3::describe(e).code), message(text) {}

std::unexpected<refusal> storage_failure(error why, s3::s3_error missing) {
    switch (why.code) {
        case errc::not_found:
            if (missing != s3::s3_error::internal_error) return refuse(missing);
            break;
        case errc::unavailable: return refuse(s3::s3_error::no_such_bucket);
        case errc::changed: return refuse(s3::s3_error::precondition_failed);
        case errc::overloaded: return refuse(s3::s3_error::slow_down);
        case errc::no_space:
            return refuse(507U, "InsufficientStorage", "The device that stores objects is full.");
        default: break;
    }
    log::failure("storage failed: {}", describe(why));
    return refuse(s3::s3_error::internal_error);
}

}  // namespace lode::dev_origin
