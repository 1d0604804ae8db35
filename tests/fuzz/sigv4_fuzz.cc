// A request's head, as fuzz_input.h reads it.
//
//   - No request is accepted that nobody signed, whatever it claims.
//   - What our signer signs, by header or presigned, our verifier accepts; and it does not accept
//     the same signature for another method or another path.
#include <string>

#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"
#include "frontend/s3/sigv4.h"
#include "frontend/s3/sigv4_verify.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::s3;
using fuzz::must_hold;

namespace {

const std::string access_key = "AKIAIOSFODNN7EXAMPLE";
// Not a published one, so that no signature that the fuzzer could know is right.
const std::string secret_key = "a secret that appears in no corpus";

class every_key final : public secret_lookup {
  public:
    [[nodiscard]] std::optional<std::string_view> secret_of(std::string_view) const override {
        return secret_key;
    }
};

wall_time example_time() { return *parse_amz_date("20130524T000000Z"); }

// What the signer may be given: no signature of its own kind, no repeated or odd names.
std::vector<http::header> signable(const std::vector<http::header>& headers) {
    std::vector<http::header> kept;
    for (const http::header& h : headers) {
        const auto odd = [](char c) { return c <= ' ' || c >= 0x7f || c == ';' || c == ','; };
        const bool reserved = http::starts_with_ignoring_case(h.name, "x-amz-") ||
                              http::equal_ignoring_case(h.name, "host") ||
                              http::equal_ignoring_case(h.name, "authorization");
        if (h.name.empty() || reserved || std::ranges::any_of(h.name, odd)) continue;
        if (kept.size() < signed_headers_max - 4) kept.push_back(h);
    }
    return kept;
}

bool claims_a_signature(std::string_view raw_query) {
    for (const query_parameter& p : query(raw_query)) {
        std::string name;
        if (!percent_decode(p.name, plus_sign::space, name)) return true;
        if (name.starts_with("X-Amz-") || name == "AWSAccessKeyId" || name == "Signature") {
            return true;
        }
    }
    return false;
}

void check_signed(const fuzz::head& head, verifier& v) {
    const auto [path, raw_query] = split(head.target);
    const auto extra = signable(head.headers);
    if (claims_a_signature(raw_query) || head.method.empty()) return;
    const request_to_sign request{.method = head.method,
                                  .raw_path = path,
                                  .raw_query = raw_query,
                                  .host = "lode.internal",
                                  .headers = extra};
    signer s({.access_key = access_key, .secret_key = secret_key, .session_token = {}}, "r");
    const auto made = s.sign(request, example_time());
    if (!made) return;

    auto headers = extra;
    headers.push_back({"Host", "lode.internal"});
    auto presigned_headers = headers;
    headers.push_back({"x-amz-date", made->x_amz_date});
    headers.push_back({"x-amz-content-sha256", made->x_amz_content_sha256});
    headers.push_back({"Authorization", made->authorization});
    const auto accepted = [&](std::string_view method, std::string_view target, const auto& with) {
        return v.verify({.method = method, .target = target, .headers = with}, example_time())
            .has_value();
    };
    const std::string method(head.method);
    const std::string longer_path = std::string(path) + "x?" + std::string(raw_query);
    must_hold(accepted(method, head.target, headers), "what we sign, we accept");
    must_hold(!accepted(method + "x", head.target, headers), "not for another method");
    must_hold(!accepted(method, longer_path, headers), "not for another path");

    const auto query = s.presign(request, std::chrono::seconds(60), example_time());
    must_hold(query.has_value(), "what can be signed can be presigned");
    const std::string target = std::string(path) + "?" + *query;
    must_hold(accepted(method, target, presigned_headers), "what we presign, we accept");
    must_hold(!accepted(method + "x", target, presigned_headers), "not for another method");
    must_hold(!accepted(method, target + "&acl", presigned_headers), "not for another query");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const fuzz::head head = fuzz::read_head(fuzz::text_of(data, length));
    static const every_key keys;
    static verifier v(keys, "");

    const auto verified = v.verify(
        {.method = head.method, .target = head.target, .headers = head.headers}, example_time());
    must_hold(!verified.has_value(), "nobody signed this");
    check_signed(head, v);
    return 0;
}
