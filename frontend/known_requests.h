// frontend/known_requests.h
//
// Heads that come again byte for byte, as a presigned URL does when it is read once more, and what was
// made of them: nothing in them has to be parsed, verified and judged again while the signature lives
// and the keys are what they were.
//
//   Core        One.
//   Memory      1,024 heads of up to 2 KiB with what they mean. One is kept when it has come twice in a
//               row among those that share its place, so that heads that come once cost a hash.
//   Lifetime    A known request stays what it is for as long as somebody holds it.
//   Invariants  It is found by all of its bytes, never by a hash alone. They are compared in constant
//               time: the time that a forged signature takes tells nothing of a right one.
//   Secrets     Heads with a customer's key are not kept; the others are wiped when they go. One that
//               has expired, or was judged by other keys, goes when its place is next looked at.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/client.h"

namespace lode::frontend {

// As the connection's request is once it was let in, but for what belongs to a single one.
struct known_request {
    known_request() = default;
    ~known_request();
    known_request(const known_request&) = delete;
    known_request& operator=(const known_request&) = delete;

    std::string text;
    std::vector<http::header> headers;  // of text
    request as_admitted;
    std::uint64_t keys = 0;  // which ones it was judged by
};

class known_requests {
  public:
    static constexpr std::size_t length_max = std::size_t{2} << 10U;
    static constexpr std::size_t places = 1024;

    using known_ptr = std::shared_ptr<const known_request>;

    // The head at the beginning of what has arrived, if it is complete, known, and still good. Drops
    // what it meets that is not good any more.
    [[nodiscard]] known_ptr find(std::string_view arrived, wall_time now, std::uint64_t keys);

    // A head was let in that may come again. True: it has come before, and is worth being kept.
    [[nodiscard]] bool note(std::string_view head);
    void keep(known_ptr known);

  private:
    std::array<std::uint64_t, places> came_once_{};
    std::array<known_ptr, places> known_{};
};

}  // namespace lode::frontend
