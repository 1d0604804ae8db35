// frontend/origin/own_request.h
//
// Requests of lode's own about an object, in path style, and how they are signed: when they are sent,
// for the place that is asked, because a signature ages and names its host.
//
//   Errors   invalid: the target cannot be signed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/error.h"
#include "frontend/http/header.h"
#include "frontend/origin/object_version.h"
#include "frontend/s3/sigv4.h"

namespace lode::frontend::origin {

using header_fields = std::vector<std::pair<std::string, std::string>>;

// A request that may be sent several times, each time with another Range.
struct fetch_request {
    std::string target;
    header_fields fields;
    // lode: signed anew for each place that is asked; `fields` then has nothing of a signature.
    // client: the client's own words, Host and signature included.
    enum class signer : std::uint8_t { client, lode } signed_by = signer::client;
};

// Only for names without scope: elsewhere the path alone does not name the object. `query` is raw, such as
// "partNumber=1"; the version id is added to it.
[[nodiscard]] fetch_request own_request(const object_name& name, std::string_view query = {});

// What signs a request by `who` for the server `authority`: Host, Authorization, the x-amz fields that go
// with it, and `also`, which the signature covers.
[[nodiscard]] result<header_fields> signature_fields(s3::signer& who, std::string_view authority,
                                                     std::string_view method,
                                                     std::string_view target,
                                                     std::span<const http::header> also,
                                                     wall_time now);

// Views of the fields; `more` of them will be added.
[[nodiscard]] std::vector<http::header> views_of(const header_fields& fields, std::size_t more = 4);

}  // namespace lode::frontend::origin
