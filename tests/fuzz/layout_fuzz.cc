// The first line is a request's target or not, the second the object's size, the third the number of its
// parts; the rest is an answer's body.
//
//   - A question that is accepted, written and read again, is the same.
//   - A layout that is accepted has the size and, unless it was computed here, as many parts; written and
//     read again it is the same.
//   - A refusal is a sentence.
#include "frontend/peer/fields.h"
#include "frontend/peer/layout_question.h"
#include "frontend/peer/wire.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend;
using namespace lode::frontend::peer;
using fuzz::must_hold;

namespace {

void check_sentence(const std::string& text) {
    must_hold(text.ends_with('.') && text.size() < 100, "a refusal is a sentence");
}

void check_question(std::string_view target) {
    const auto path = parse_path(target);
    if (!path) return;
    const auto q = parse_layout_question(path->query);
    if (!q) return check_sentence(q.error());
    must_hold(q->name.scope.empty() && q->name.customer_key.empty(), "only what peers may say");
    must_hold(q->size > bytes(0), "an object in parts is not empty");
    std::string again;
    if (!write_layout_question(*q, 1, again)) return;
    const auto read = parse_layout_question(parse_path(again)->query);
    must_hold(read && read->name == q->name && read->etag == q->etag && read->size == q->size &&
                  read->stored_version == q->stored_version && read->id == q->id,
              "written and read again it is the same");
}

void check_layout(std::string_view body, bytes size, std::uint32_t parts) {
    const auto layout = parse_layout(body, size, parts);
    if (!layout) return check_sentence(layout.error());
    using certainty = origin::part_layout::certainty;
    must_hold(layout->size() == size, "it covers the object");
    must_hold(layout->parts() == parts || layout->known() == certainty::computed,
              "it has as many parts");
    std::string text;
    write_layout(*layout, text);
    const auto again = parse_layout(text, size, parts);
    must_hold(again && *again == *layout && again->known() == layout->known(),
              "written and read again it is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    std::string_view text = fuzz::text_of(data, length);
    check_question(fuzz::take_until(text, '\n'));
    const auto size = decimal(fuzz::take_until(text, '\n'), 1ULL << 51U);
    const auto parts = decimal(fuzz::take_until(text, '\n'), origin::parts_max);
    if (size && parts && *size > 0 && *parts > 1) {
        check_layout(text, bytes(*size), static_cast<std::uint32_t>(*parts));
    }
    return 0;
}
