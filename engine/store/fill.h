// engine/store/fill.h
//
// The single production of some chunks of a part: it asks the source for one run of them after the
// other, and publishes each chunk as soon as its last byte is there. It belongs to the home, not to
// any reader.
//
//   Core      The part's home.
//   Memory    One frame, for the chunk that is arriving.
//   Errors    The source's error, protocol when it delivers too little, no_space when no frame
//             comes free: the chunks that are missing are absent again and whoever waits for them
//             gets the error.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/list.h"
#include "engine/store/memory_tier.h"
#include "engine/store/part_key.h"
#include "engine/store/part_ref.h"
#include "engine/store/part_source.h"

namespace lode::engine {

class home;

class fill final : public list_hook<>, private fill_sink {
  public:
    // The chunks of `runs` are marked as being filled.
    fill(home& owner, part_ref ref, bytes part_length, std::vector<chunk_range> runs,
         std::unique_ptr<part_source> source)
        : owner_(owner),
          ref_(ref),
          part_length_(part_length),
          runs_(std::move(runs)),
          source_(std::move(source)) {}

    // Ends when every chunk is published or given up.
    task<result<>> run();

    // run() ends soon. Does not wait.
    void abort() { source_->abort(); }

  private:
    task<result<std::span<std::byte>>> room() override;
    void advance(std::size_t n) override;

    task<result<>> fetch_runs();
    void give_up(error why);

    home& owner_;
    part_ref ref_;
    bytes part_length_;
    std::vector<chunk_range> runs_;
    std::unique_ptr<part_source> source_;
    // What arrives next: the chunk `runs_[run_].first`, whose run shrinks as it is filled.
    std::size_t run_ = 0;
    std::size_t filled_ = 0;  // bytes of that chunk
    resident* frame_ = nullptr;
};

}  // namespace lode::engine
