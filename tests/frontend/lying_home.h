// tests/frontend/lying_home.h
//
// An impostor in the place of a small_cluster's node that answers questions about objects with what a test makes
// up. Whatever else it is asked for but its state, it hangs up.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/runtime/stream.h"
#include "engine/runtime/task.h"
#include "frontend/peer/greeter.h"
#include "tests/frontend/small_cluster.h"

namespace lode::frontend {

struct lying_home {
    static constexpr std::size_t place = 1;

    explicit lying_home(std::string_view word);

    // For small_cluster::options.
    [[nodiscard]] small_cluster::options beside_it(settings config = {});

    // The whole answer to a question's query; empty: it hangs up.
    std::function<std::string(std::string_view query, peer::server_session& session)> answer;
    duration thinks{};
    bool cuts_off = false;  // it hangs up after an answer
    std::uint64_t asked = 0;

  private:
    engine::task<void> play(std::unique_ptr<engine::stream> stream);

    std::string_view word_;
    peer::greeter door_;
};

// What becomes of an honest answer.
enum class spoiling : std::uint8_t {
    none,
    changed_body,  // another body than the head speaks of
    no_digest,     // a body that nothing proves
    wrong_mac,     //
    another_one,   // the answer is to another question
    cut_off,       // less than the head promises
    not_known,     // 404
};

[[nodiscard]] std::string spoiled_answer(spoiling how, hash128 id, std::string body,
                                         peer::server_session& session);

// The node that is an object's home.
[[nodiscard]] std::size_t home_of(small_cluster& world, const std::string& target);

// Puts an object in place whose home is this node, and returns its target.
std::string put_at_home(small_cluster& world, std::size_t home, const stored_object& object);

}  // namespace lode::frontend
