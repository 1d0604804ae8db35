// frontend/origin/first_bytes.h
//
// Bytes that came along with the gateway's word on an object that lode did not know: the first ones that
// the client wants, in an answer whose head has been read. They go to this client before any fill could
// bring them, and into the cache where they are a whole part.
//
//   Core      One.
//   Memory    None, or one of `first_bytes_memory` where they have to wait.
//   Lifetime  Holds the answer's connection until its last byte is read or dropped. Whoever asks the
//             origin anything else meanwhile gathers them first: who holds one connection and waits for
//             another could keep everybody from having any.
//   Errors    None: bytes that do not come are fetched like all others.
//   Limits    `first_bytes::most` of them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/base/units.h"
#include "frontend/origin/exchange.h"
#include "frontend/s3/range.h"

namespace lode::frontend::origin {

// Memory for first bytes that wait, recycled. Outlives what it lends.
class first_bytes_memory {
  public:
    static constexpr std::size_t lent_max = 64;  // at the same time

    struct give_back {
        first_bytes_memory* home = nullptr;
        void operator()(std::byte* memory) const { home->take_back(memory); }
    };
    using buffer = std::unique_ptr<std::byte[], give_back>;

    // Null when all are lent.
    [[nodiscard]] buffer take();

  private:
    void take_back(std::byte* memory);

    std::vector<std::unique_ptr<std::byte[]>> kept_;
    std::size_t lent_ = 0;
};

class first_bytes {
  public:
    static constexpr std::size_t most = std::size_t{64} << 10U;

    // The body of `answer`, not read yet, is this range of the object.
    first_bytes(exchange answer, s3::byte_range range)
        : answer_(std::move(answer)), range_(range) {}

    [[nodiscard]] object_offset first() const { return range_.first; }
    [[nodiscard]] bytes length() const { return range_.length(); }

    // The next bytes, as they come; none: there are no more, whether that were all or not.
    engine::task<std::size_t> read(std::span<std::byte> into);

    // Takes all of them into memory, or drops them where there is none.
    engine::task<result<>> gather(first_bytes_memory& spare);

    // Nobody wants them any more.
    engine::task<result<>> drop();

  private:
    engine::task<std::size_t> receive(std::span<std::byte> into);

    std::optional<exchange> answer_;  // nothing once its last byte was read
    s3::byte_range range_;
    first_bytes_memory::buffer gathered_;
    std::size_t read_ = 0;  // of what was gathered
    std::size_t filled_ = 0;
};

}  // namespace lode::frontend::origin
