// The first line is a request's target, the second the value of its Range field; without one it has none.
//
//   - A question that is accepted keeps the limits, and its range lies within its part.
//   - Written and read again, it is the same question.
//   - The version that is made of it has the part where the question says that it is.
//   - A refusal is a sentence without a byte of the question.
#include "engine/store/part_key.h"
#include "frontend/peer/part_question.h"
#include "frontend/peer/wire.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using fuzz::must_hold;
using want_kind = part_question::want_kind;

namespace {

void check_limits(const part_question& q) {
    must_hold(!q.name.bucket.empty() && !q.name.key.empty(), "an object has a name");
    must_hold(q.name.scope.empty() && q.name.customer_key.empty(), "and only what peers may say");
    must_hold(q.name.key.size() <= 1024 && q.etag.size() <= 256, "texts have limits");
    must_hold(q.part.length > bytes(0) && q.part.length <= engine::part_length_max,
              "a part is one that the store can have");
    must_hold(q.part.end().value() <= q.size.count(), "a part lies within its object");
    must_hold(q.first <= q.end && q.end.value() <= q.part.length.count(),
              "a range lies within its part");
    must_hold(q.want != want_kind::bytes || q.first < q.end, "who wants bytes says which");
    must_hold(q.spread >= 1 && q.spread <= spread_max, "a spread is one of candidates");
}

bool same(const part_question& a, const part_question& b) {
    return a.name == b.name && a.etag == b.etag && a.last_modified == b.last_modified &&
           a.stored_version == b.stored_version && a.size == b.size &&
           a.direct_path == b.direct_path && a.part == b.part && a.id == b.id &&
           a.first == b.first && a.end == b.end && a.want == b.want && a.spread == b.spread;
}

void check_version(part_question q) {
    const auto refused = version_of(q, "http://origin");
    must_hold(!refused || refused->version->part(refused->index).id == q.id,
              "a version has the part that was asked for");
    const auto identity =
        origin::identity_of("http://origin", q.name, q.etag, q.stored_version, q.size);
    const auto layout = origin::part_layout::around(q.size, q.part);
    const origin::object_version twin{.size = q.size, .identity = identity, .layout = layout};
    q.id = twin.part(layout.part_with(q.part.first)).id;
    const auto made = version_of(q, "http://origin");
    must_hold(made.has_value(), "who computes the id in the same way is understood");
    must_hold(made->version->layout.at(made->index) == q.part, "the part lies where it was said");
    must_hold(made->version->layout.size() == q.size, "in an object of that size");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    std::string_view text = fuzz::text_of(data, length);
    const bool has_range = text.contains('\n');
    const auto path = parse_path(fuzz::take_until(text, '\n'));
    if (!path) return 0;
    const auto q = parse_question(path->query, has_range ? std::optional(text) : std::nullopt);
    if (!q) {
        must_hold(q.error().ends_with('.') && q.error().size() < 100, "a refusal is a sentence");
        return 0;
    }
    check_limits(*q);
    std::string target;
    std::string range;
    if (write_question(*q, 1, target, range)) {
        const auto again =
            parse_question(parse_path(target)->query,
                           range.empty() ? std::nullopt : std::optional<std::string_view>(range));
        must_hold(again && same(*again, *q), "written and read again it is the same");
    }
    check_version(*q);
    return 0;
}
