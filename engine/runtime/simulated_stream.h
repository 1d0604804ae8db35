// engine/runtime/simulated_stream.h
//
// Two ends of a connection in memory, with a bounded buffer each way, latency, arbitrary
// fragmentation, and a reset after a number of bytes. What a socket does to a program, decided by
// the seed.
//
//   Core     One simulation, or any scheduler.
//   Errors   As stream.h says.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "engine/runtime/stream.h"
#include "engine/runtime/wait_list.h"

namespace lode::engine {

class simulated_stream final : public stream {
  public:
    struct options {
        std::size_t buffer = std::size_t{64} << 10U;
        duration latency = std::chrono::microseconds(50);
        std::uint64_t reset_after = ~std::uint64_t{0};  // bytes sent by either end in total
        enum class fragments : std::uint8_t { random, whole } fragments = fragments::random;
    };

    static std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> make_pair(options o);
    ~simulated_stream() override;

    task<result<std::size_t>> receive(std::span<std::byte> into) override;
    task<result<>> send(std::span<iovec> pieces) override;
    task<result<>> finish_sending() override;
    void expire_at(time_point when) override { deadline_ = when; }
    void abort() override;
    [[nodiscard]] bool aborted() const override { return aborted_; }
    task<void> close() override;
    [[nodiscard]] std::string peer() const override { return "simulated"; }

  private:
    struct one_way {
        std::deque<std::byte> bytes;
        bool ended = false;        // nothing more will be sent
        bool reader_gone = false;  // nobody will read what is sent
        wait_list changed;
    };
    struct shared {
        options o;
        one_way ways[2];
        std::uint64_t sent = 0;
        bool reset = false;
    };

    simulated_stream(std::shared_ptr<shared> wire, int end) : wire_(std::move(wire)), end_(end) {}

    [[nodiscard]] result<> broken() const;
    void reset();
    one_way& outgoing() { return wire_->ways[end_]; }
    one_way& incoming() { return wire_->ways[1 - end_]; }

    std::shared_ptr<shared> wire_;
    int end_;
    bool aborted_ = false;
    bool closed_ = false;
    time_point deadline_ = never;
};

}  // namespace lode::engine
