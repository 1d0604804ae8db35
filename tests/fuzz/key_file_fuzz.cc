// The input is a file with clients' keys.
//
//   - It is refused with at least one problem, each a printable sentence, or gives a ring.
//   - A ring keeps the limits, and every key in it can be looked up.
//   - A key without rules may do nothing, and whoever may read in a bucket may touch it.
#include <algorithm>

#include "frontend/access/key_file.h"
#include "tests/fuzz/fuzz_input.h"

using namespace lode;
using namespace lode::frontend::access;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t length) {
    const auto read = parse_key_file(fuzz::text_of(data, length));
    if (!read) {
        must_hold(!read.error().empty(), "a refusal says why");
        const std::string line = first_of(read.error(), "FILE");
        must_hold(
            std::ranges::none_of(
                line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }),
            "no control characters");
        for (const key_file_problem& p : read.error()) {
            must_hold(!p.text.empty(), "a problem has a text");
        }
        return 0;
    }
    must_hold((*read)->size() <= keys_max, "not too many keys");
    must_hold((*read)->find("") == nullptr, "no empty access key");
    if (const client_key* key = (*read)->find("ABC")) {
        must_hold((*read)->secret_of("ABC")->size() >= 8, "a secret is there");
        must_hold(!key->name.empty(), "a key has a name");
        must_hold(key->rules.size() <= rules_max, "not too many rules");
        const bool touches = permits(*key, {.where = demand::reach::touching, .bucket = "b"});
        const bool reads = permits(
            *key,
            {.needs = right::read, .where = demand::reach::below, .bucket = "b", .key = "a/b"});
        must_hold(!key->rules.empty() || (!touches && !reads), "no rule, no right");
        must_hold(!reads || touches, "who reads in a bucket touches it");
    }
    return 0;
}
