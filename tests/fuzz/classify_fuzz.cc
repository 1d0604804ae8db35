// A request's head, as fuzz_input.h reads it.
//
//   - A bucket and a key that are accepted are within their limits and hold no NUL; what is not
//     accepted names nothing.
//   - The same address comes out when its key is encoded anew, and when every byte of it is.
//   - decode(encode(x)) == x.
//   - A GET that may be accelerated may not be any more with one unknown parameter added.
//   - A classification that is used again equals a fresh one.
#include <string>

#include "frontend/s3/percent.h"
#include "frontend/s3/query.h"
#include "frontend/s3/request_class.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::s3;
using fuzz::must_hold;

namespace {

const std::vector<std::string> domains = {"lode.internal", "s3.test"};

bool same_place(const address& a, const address& b) {
    return a.kind == b.kind && a.style == b.style && a.bucket == b.bucket && a.key == b.key;
}

bool same(const classified& a, const classified& b) {
    return a.op == b.op && a.auth == b.auth && same_place(a.where, b.where) &&
           a.version_id == b.version_id && a.range_signed == b.range_signed &&
           a.conditional == b.conditional && a.sse_customer_key == b.sse_customer_key &&
           a.checksum_mode == b.checksum_mode && a.no_cache == b.no_cache &&
           a.no_store == b.no_store;
}

void check_percent(std::string_view text) {
    for (const slash slashes : {slash::keep, slash::encode}) {
        std::string encoded;
        percent_encode(text, slashes, encoded);
        std::string decoded;
        const auto valid = percent_decode(encoded, plus_sign::space, decoded);
        must_hold(valid && decoded == text, "decode(encode(x)) == x");
    }
}

std::string with_every_byte_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

void check_address(const fuzz::head& head, const classified& seen) {
    const address& where = seen.where;
    const bool is_object = where.kind == address_kind::object;
    const bool has_bucket = is_object || where.kind == address_kind::bucket;
    must_hold(where.key.empty() != is_object, "an object has a key and nothing else has");
    must_hold(where.bucket.empty() != has_bucket, "a bucket is named when it should be");
    if (!has_bucket) return;
    must_hold(where.bucket.size() >= bucket_length_min, "bucket not too short");
    must_hold(where.bucket.size() <= bucket_length_max, "bucket not too long");
    must_hold(where.key.size() <= key_length_max, "key not too long");
    must_hold(where.bucket.find('/') == std::string::npos, "no slash in a bucket");
    must_hold((where.bucket + where.key).find('\0') == std::string::npos, "no NUL");

    const auto host = http::find_header(head.headers, "host").value_or("");
    std::string decoded = where.key;
    if (where.style == addressing_style::path) decoded = where.bucket + "/" + where.key;
    std::string canonical = "/";
    percent_encode(decoded, slash::keep, canonical);
    for (const std::string& path : {canonical, "/" + with_every_byte_encoded(decoded)}) {
        address again;
        resolve_address(host, domains, path, again);
        must_hold(same_place(again, where), "every spelling names the same place");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const auto text = fuzz::text_of(data, length);
    const fuzz::head head = fuzz::read_head(text);
    check_percent(text);

    static classified reused;
    classified fresh;
    const request_head request{
        .method = head.method, .target = head.target, .headers = head.headers};
    classify(request, domains, reused);
    classify(request, domains, fresh);
    must_hold(same(reused, fresh), "reused equals fresh");
    check_address(head, fresh);

    const bool on_object =
        fresh.op == operation::get_object || fresh.op == operation::head_object ||
        fresh.op == operation::put_object || fresh.op == operation::delete_object ||
        fresh.op == operation::other_object;
    must_hold(!on_object || fresh.where.kind == address_kind::object,
              "an object operation has one");
    if (fresh.op == operation::get_object) {
        must_hold(head.method == "GET", "only a GET is accelerated");
        std::string target(head.target);
        target += target.find('?') == std::string::npos ? "?acl" : "&acl";
        classify({.method = head.method, .target = target, .headers = head.headers}, domains,
                 fresh);
        must_hold(fresh.op == operation::other_object, "a subresource is never accelerated");
    }
    return 0;
}
