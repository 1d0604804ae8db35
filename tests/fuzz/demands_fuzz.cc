// The input is a request's head: what does it need, and what does lode make of it?
//
//   - Whatever is needed of a bucket or a key names the ones that the rewritten target names, and that
//     target is read back as the same bucket and key.
//   - Nothing that is asked anew has a segment that a server may resolve.
//   - A copy's source, written anew, reads back as the same.
#include "frontend/access/demands.h"
#include "frontend/access/passage.h"
#include "frontend/s3/query.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::access;
using fuzz::must_hold;

namespace {

const std::vector<std::string> domains = {"lode.internal"};

void check_copy_source(std::string_view value) {
    const auto source = parse_copy_source(value);
    if (!source) return;
    const auto again = parse_copy_source(source->text());
    must_hold(again.has_value() && *again == *source, "a source reads back as the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const fuzz::head head = fuzz::read_head(fuzz::text_of(data, length));
    s3::classified what;
    s3::classify({.method = head.method, .target = head.target, .headers = head.headers}, domains,
                 what);
    const std::string query =
        without_signature(s3::split(head.target).query, signature_in_query::version_4);
    for (const auto& h : head.headers) check_copy_source(h.value);
    const auto needed = demands_of(
        {.method = head.method, .raw_query = query, .headers = head.headers, .where = what.where});
    if (!needed) return 0;
    must_hold(!needed->empty(), "every request needs something");
    const demand& first = needed->front();
    must_hold(first.bucket == what.where.bucket, "the bucket that was asked for");
    if (what.where.kind == s3::address_kind::object) {
        must_hold(first.key == what.where.key, "the key that was asked for");
        must_hold(may_be_rewritten(first.key), "a key that nobody resolves");
    }

    const http::request_head request{
        .method = head.method, .target = head.target, .headers = head.headers};
    passage made;
    const auto done = rewrite_anonymous(
        {.head = request, .where = what.where, .raw_query = query, .authority = "origin"}, made);
    must_hold(done.has_value(), "what was judged can be asked");
    s3::address again;
    s3::resolve_address("origin", {}, s3::split(made.head.target).path, again);
    must_hold(again.kind == what.where.kind && again.bucket == what.where.bucket &&
                  again.key == what.where.key,
              "what is asked is what was judged");
    return 0;
}
