// frontend/origin/own_request.h
//
// Questions of lode's own about an object, signed by its own identity, in path style.
//
//   Core     One; the signer remembers the day's key.
//   Errors   invalid: the name cannot be signed.
#pragma once

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

// A complete head but for what its user adds, such as Range and conditions, which are not signed.
struct fetch_request {
    std::string target;
    std::vector<std::pair<std::string, std::string>> fields;

    // Views of the fields.
    [[nodiscard]] std::vector<http::header> headers() const;
};

struct own_question {
    std::string_view method = "GET";
    std::string_view query = {};  // raw, such as "partNumber=1"; the version id is added
    std::span<const http::header> signed_fields = {};
};

class own_requests {
  public:
    // `authority`: the origin's Host. `who` outlives this.
    own_requests(s3::signer& who, std::string_view authority) : who_(who), authority_(authority) {}

    // Only for names without scope: elsewhere the path alone does not name the object.
    [[nodiscard]] result<fetch_request> make(const object_name& name, const own_question& question,
                                             wall_time now) const;

  private:
    s3::signer& who_;
    std::string_view authority_;
};

}  // namespace lode::frontend::origin
