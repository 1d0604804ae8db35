// frontend/peer/part_answer.h
//
// What a node says beside the bytes of a part, or instead of them: the value of one field of the answer's
// head. Every answer to a question about a part has it, whatever its status, and so has one about a layout.
//
//   Errors  What is wrong with a value that was received is one sentence, which repeats nothing of it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/units.h"
#include "engine/store/part_store.h"
#include "frontend/http/cache_word.h"
#include "frontend/peer/node_state.h"
#include "frontend/s3/digest.h"

namespace lode::frontend::peer {

struct part_answer {
    cache_word word = cache_word::bypass;
    cache_detail detail = cache_detail::none;
    hash128 part;              // its id; of a layout, the version's identity
    bytes load;                // in flight on that node, to everybody
    std::uint32_t spread = 1;  // over so many candidates this part's questions are to be divided
    std::uint64_t view = 0;    // digest of that node's view of the cluster
    node_state state = node_state::up;
    std::optional<engine::presence> held;  // in chunks; where it was asked for
    // SHA-256 of a body that is to be believed like the head, whose MAC covers it that way.
    std::optional<s3::sha256_digest> body;

    friend bool operator==(const part_answer&, const part_answer&) = default;
};

// Reuses `out`.
void write_answer(const part_answer& a, std::string& out);
[[nodiscard]] std::expected<part_answer, std::string> parse_answer(std::string_view text);

// The status of an answer that has no bytes because of `why`, and what the asker makes of it.
[[nodiscard]] unsigned status_of(errc why);
[[nodiscard]] errc meaning_of(unsigned status);

}  // namespace lode::frontend::peer
