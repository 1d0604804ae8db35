// frontend/client_sink.h
//
// Lets whatever pours bytes (a part_fetch, a peer's answer) pour them into a client's socket.
//
//   Memory      None of its own: what passes is in memory that the caller lends.
//   Errors      The client's socket's.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "engine/store/part_source.h"
#include "frontend/client.h"

namespace lode::frontend {

class client_sink final : public engine::fill_sink {
  public:
    // The answer's head has left already.
    client_sink(client& out, std::span<std::byte> memory) : out_(out), memory_(memory) {}

    engine::task<result<std::span<std::byte>>> room() override;
    void advance(std::size_t n) override { filled_ = n; }

    // What has been poured goes out. To be called at the end.
    engine::task<result<>> flush();

  private:
    client& out_;
    std::span<std::byte> memory_;
    std::size_t filled_ = 0;
};

}  // namespace lode::frontend
