// The first line is a request's target or not; the rest is an answer's body.
//
//   - A question that is accepted, written and read again, is the same.
//   - A version that is accepted, written and read again, is the same, and its word no younger.
//   - A refusal is a sentence.
#include "frontend/peer/version_question.h"
#include "frontend/peer/wire.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using fuzz::must_hold;

namespace {

void check_refusal(const std::string& text) {
    must_hold(text.ends_with('.') && text.size() < 100, "a refusal is a sentence");
}

void check_asked(std::string_view target) {
    const auto path = parse_path(target);
    if (!path) return;
    const auto q = parse_version_question(path->query);
    if (!q) return check_refusal(q.error());
    must_hold(q->name.scope.empty() && q->name.customer_key.empty(), "only what peers may say");
    must_hold(q->wish.age >= duration::zero() && q->wish.age <= origin::any_age, "an age");
    std::string again;
    if (!write_version_question(*q, 1, again)) return;
    const auto read = parse_version_question(parse_path(again)->query);
    must_hold(read && read->name == q->name && read->id == q->id && read->wish.age == q->wish.age &&
                  read->wish.checksums == q->wish.checksums,
              "written and read again it is the same");
}

void check_told(std::string_view body) {
    const origin::object_name name{.bucket = "data", .key = "shard-7"};
    const auto told = parse_version(body, "http://origin", name);
    if (!told) return check_refusal(told.error());
    must_hold(!told->version->etag.empty(), "a version has an ETag");
    std::string text;
    if (!write_version(*told, text)) return;
    const auto again = parse_version(text, "http://origin", name);
    must_hold(again && again->version->same_as(*told->version) && again->age == told->age,
              "written and read again it is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    std::string_view text = fuzz::text_of(data, length);
    check_asked(fuzz::take_until(text, '\n'));
    check_told(text);
    return 0;
}
