// frontend/peer/part_call.h
//
// One question about a part to one peer, from the connection that carries it to the last byte of the answer.
// What comes of it is told to the peer's health.
//
//   Core        One, that of its peers.
//   Memory      One connection; a relay buffer where it was given some.
//   Errors      changed, not_found, overloaded, ...: the peer's word (part_answer.h). unavailable: it may not
//               be asked, or cannot be reached. too_large: the question fits into no request. timed_out,
//               closed, protocol, cancelled: no answer, or no more of it.
//   Limits      Asked once, and once more where an old connection turned out to be dead.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "engine/base/list.h"
#include "engine/runtime/pipe.h"
#include "frontend/http/connection_pool.h"
#include "frontend/http/relay_buffers.h"
#include "frontend/peer/part_exchange.h"
#include "frontend/peer/peer_node.h"
#include "frontend/peer/peers.h"

namespace lode::frontend::peer {

class part_call final : public list_hook<> {
  public:
    // `buffers`: where head and bytes are to be received together, for a short answer; or null.
    part_call(peers& all, peer_ptr peer, http::relay_buffers* buffers = nullptr)
        : all_(all), peer_(std::move(peer)) {
        if (buffers != nullptr) memory_.emplace(buffers->take());
    }
    ~part_call();
    part_call(const part_call&) = delete;
    part_call& operator=(const part_call&) = delete;

    // Once. Where the peer says no, the call is over.
    engine::task<result<part_answer>> ask(const part_question& q);

    // After ask() has succeeded, at least one of the `left` bytes that are still to come. An error ends the
    // call.
    // Bytes that may pass by our memory go into `past`, which is empty or null: it holds them, or else
    // `into` does.
    engine::task<result<std::size_t>> read(std::span<std::byte> into, bytes left,
                                           engine::pipe* past);

    // The bytes that came together with the answer's head, in this call's memory.
    [[nodiscard]] std::span<std::byte> take_ahead();
    // All of that memory, empty where there is none. Whose other bytes nobody reads it into is the caller's.
    [[nodiscard]] std::span<std::byte> memory() const {
        return memory_ ? memory_->memory() : std::span<std::byte>();
    }

    // Bytes that come may go past our memory: the connection is a plain socket.
    [[nodiscard]] bool is_plain() const;

    // Everything that was wanted has been read.
    void end();

    // Asked and not over.
    [[nodiscard]] bool open() const { return lease_.has_value(); }

    [[nodiscard]] const peer_ptr& peer() const { return peer_; }

    // When something came last.
    [[nodiscard]] time_point heard() const { return heard_; }

    // Why it is given up: the peer is silent, or somebody else was faster.
    enum class reason : std::uint8_t { silence, another_answer };
    // Does not wait itself; whoever waits gets cancelled.
    void abandon(reason why);

  private:
    engine::task<result<part_answer>> converse(const part_question& q, time_point until);
    engine::task<result<std::size_t>> receive(std::span<std::byte> into, bytes left,
                                              engine::pipe* past);
    [[nodiscard]] duration patience() const;
    void leave(error why);
    void let_go(bool whole);

    peers& all_;
    peer_ptr peer_;
    std::optional<http::connection_pool::lease> lease_;
    cluster::peer_health::question asked_;
    cache_word word_ = cache_word::bypass;
    time_point heard_{};
    std::optional<http::relay_buffers::buffer> memory_;
    bool refused_ = false;  // by a complete answer
    std::optional<reason> abandoned_;
};

}  // namespace lode::frontend::peer
