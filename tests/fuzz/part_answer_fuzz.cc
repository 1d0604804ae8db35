// The input is the value of x-lode-answer.
//
//   - An answer that is accepted, written and read again, is the same.
//   - A refusal is a sentence without a byte of the value.
#include "frontend/peer/part_answer.h"
#include "frontend/peer/part_question.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend::peer;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const auto read = parse_answer(fuzz::text_of(data, length));
    if (!read) {
        must_hold(read.error().ends_with('.') && read.error().size() < 100,
                  "a refusal is a sentence");
        return 0;
    }
    must_hold(read->spread >= 1 && read->spread <= spread_max, "a spread is one of candidates");
    std::string text;
    write_answer(*read, text);
    must_hold(parse_answer(text) == *read, "written and read again it is the same");
    return 0;
}
