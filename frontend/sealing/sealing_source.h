// frontend/sealing/sealing_source.h
//
// A source of sealed bytes over a source of plaintext: asked for chunks of the sealed part, it fetches the
// slices that belong to them and seals them on their way into the store's frames. What arrives lies in
// one small buffer of ours until it is sealed; no frame ever holds plaintext, and so no device does.
//
//   Core      As part_source.h. fetch() may be called again while another fetch() is under way.
//   Memory    `buffer_size` for each fetch under way, wiped at its end.
//   Errors    The plain source's. invalid: asked for anything but whole chunks, because a chunk is
//             sealed from its beginning to its end.
#pragma once

#include <memory>

#include "engine/store/part_source.h"
#include "frontend/sealing/customer_key.h"

namespace lode::frontend::sealing {

class sealing_source final : public engine::part_source {
  public:
    static constexpr std::size_t buffer_size = std::size_t{128} << 10U;

    // `plain_length` is that of the whole part.
    sealing_source(std::unique_ptr<engine::part_source> plain, content_key key, bytes plain_length)
        : plain_(std::move(plain)), key_(std::move(key)), plain_length_(plain_length) {}

    engine::task<result<>> fetch(part_offset first, bytes length, engine::fill_sink& sink) override;
    void abort() override { plain_->abort(); }

  private:
    std::unique_ptr<engine::part_source> plain_;
    const content_key key_;
    bytes plain_length_;
};

}  // namespace lode::frontend::sealing
