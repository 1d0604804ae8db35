// The whole test program counts what operator new hands out.
#include <cstdlib>
#include <cstring>
#include <new>

#include "engine/runtime/simulation.h"
#include "frontend/http/chunk_writer.h"
#include "frontend/http/head_writer.h"
#include "frontend/http/message_reader.h"
#include "tests/catch.h"

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

// The address sanitizer brings its own allocator, which must not be mixed with this one.
#if defined(__SANITIZE_ADDRESS__)
#define LODE_FOREIGN_ALLOCATOR
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LODE_FOREIGN_ALLOCATOR
#endif
#endif
#ifndef LODE_FOREIGN_ALLOCATOR
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

using namespace lode;
using namespace lode::engine;
using namespace lode::frontend::http;

namespace {

// The same bytes for ever, in pieces of 1,000.
class endless_stream final : public stream {
  public:
    explicit endless_stream(std::string_view text) : text_(text) {}

    task<result<std::size_t>> receive(std::span<std::byte> into) override {
        const std::size_t count = std::min({into.size(), text_.size() - at_, std::size_t{1000}});
        std::memcpy(into.data(), text_.data() + at_, count);
        at_ = (at_ + count) % text_.size();
        co_return count;
    }
    task<result<>> send(std::span<iovec>) override { co_return result<>{}; }
    task<result<>> finish_sending() override { co_return result<>{}; }
    void expire_at(time_point) override {}
    void abort() override {}
    [[nodiscard]] bool aborted() const override { return false; }
    task<void> close() override { co_return; }
    [[nodiscard]] std::string peer() const override { return {}; }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

task<void> serve(stream& s, std::size_t& counted, int& served) {
    message_reader reader(s, {});
    chunk_writer chunks;
    std::string out;
    std::array<std::byte, 512> body{};
    for (int i = 0; i < 300; ++i) {
        if (i == 100) allocations = 0;
        auto head = co_await reader.read_request();
        if (!head) co_return;
        while (!reader.body_complete()) {
            if (!co_await reader.read_body(body)) co_return;
        }
        head_writer w(out);
        w.response(200).fields(head->headers);
        (void)co_await chunks.send(s, body, w.end());
        (void)co_await chunks.finish(s, reader.trailers());
        ++served;
    }
    counted = allocations;
}

}  // namespace

TEST_CASE("a warm connection serves requests without an allocation") {
    const std::string text =
        "PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\n\r\n" + std::string(3000, 'p') +
        "PUT /k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" +
        std::string(0x800, 'p') + "\r\n0\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n";
    simulation world(1);
    endless_stream s(text);
    std::size_t counted = ~std::size_t{0};
    int served = 0;

    const auto how = world.run(serve(s, counted, served));

    REQUIRE(how == simulation::outcome::finished);
    CHECK(served == 300);
    CHECK(counted == 0);
}
