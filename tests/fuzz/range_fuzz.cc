// The first eight bytes are the object's size, the rest a Range or Content-Range header.
//
//   - A range that is satisfiable lies within the object and is not empty.
//   - Written as a request header and read again, it is the same range.
//   - Written as Content-Range and read again, it is the same range of the same size.
//   - A Content-Range that is accepted is ordered and lies within the size that it states.
#include <cstring>

#include "frontend/s3/range.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend::s3;
using fuzz::must_hold;

namespace {

void check_content_range(std::string_view text) {
    const auto parsed = parse_content_range(text);
    if (!parsed) return;
    must_hold(parsed->range || parsed->object_size, "a Content-Range says something");
    if (!parsed->range) return;
    must_hold(parsed->range->first <= parsed->range->last, "first is not behind last");
    if (!parsed->object_size) return;
    must_hold(parsed->range->last.value() < parsed->object_size->count(), "within the object");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    std::uint64_t size = 0;
    if (length < sizeof size) return 0;
    std::memcpy(&size, data, sizeof size);
    const auto text = fuzz::text_of(data + sizeof size, length - sizeof size);
    const bytes object_size(size);

    check_content_range(text);
    const range_request request = parse_range(text);
    const resolved_range resolved = resolve(request, object_size);
    if (resolved.outcome == range_outcome::whole) {
        must_hold(!request.unambiguous(), "one well-formed range is never ignored");
    }
    if (resolved.outcome != range_outcome::part) return 0;

    const byte_range range = resolved.range;
    must_hold(request.unambiguous(), "only a well-formed range is served");
    must_hold(range.first <= range.last, "first is not behind last");
    must_hold(range.last.value() < size, "within the object");
    must_hold(resolve(parse_range(range_header(range)), object_size).range == range,
              "written as a request and read again");
    const auto again = parse_content_range(content_range(range, object_size));
    must_hold(again && again->range == range && again->object_size == object_size,
              "written as Content-Range and read again");
    return 0;
}
