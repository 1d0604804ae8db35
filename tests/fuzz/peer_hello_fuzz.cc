// The first byte chooses a hello's target (even) or the body that answers one; the rest is that.
//
//   - What is accepted, written and read again, is the same.
//   - Names have no blanks, slots ascend and lie within the table.
//   - A refusal is a sentence without a byte of the input.
#include <algorithm>

#include "frontend/peer/hello.h"
#include "frontend/peer/wire.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend::peer;
using fuzz::must_hold;

namespace {

void check_sentence(const std::string& text) {
    must_hold(text.ends_with('.') && text.size() < 100, "a refusal is a sentence");
}

void check_name(const std::string& name) {
    must_hold(!name.empty() && name.size() <= name_length_max, "a name has a length");
    must_hold(std::ranges::none_of(
                  name, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }),
              "a name has no blanks and no control characters");
}

void check_hello(std::string_view target) {
    const auto path = parse_path(target);
    if (!path) return;
    const auto read = parse_hello(path->query);
    if (!read) return check_sentence(read.error());
    check_name(read->cluster);
    check_name(read->node);
    const std::string again = hello_target(*read, path->protocol);
    must_hold(parse_hello(parse_path(again)->query) == *read,
              "written and read again it is the same");
}

void check_answer(std::string_view body) {
    const auto read = parse_hello_answer(body);
    if (!read) return check_sentence(read.error());
    check_name(read->about.who.name);
    std::uint64_t next = 0;
    for (const cluster::slot_range& range : read->about.who.slots) {
        must_hold(range.count > 0 && range.first >= next, "slots ascend");
        next = std::uint64_t{range.first} + range.count;
        must_hold(next <= cluster::slots_max, "slots lie within the table");
    }
    must_hold(read->about.who.slots.size() <= slot_ranges_max, "not too many ranges");
    must_hold(parse_hello_answer(hello_answer_text(*read)) == *read,
              "written and read again it is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    if (length == 0) return 0;
    const auto text = fuzz::text_of(data + 1, length - 1);
    if (data[0] % 2 == 0) {
        check_hello(text);
    } else {
        check_answer(text);
    }
    return 0;
}
