// engine/store/part_source.h
//
// Where a fill gets its bytes. The store does not know what an origin is: whoever asks for a fill
// hands it a source, and the source pours bytes into the sink that the fill holds under it.
//
//   Core      A source is moved to the part's home core, used there and destroyed there.
//   Lifetime  The sink is borrowed for the duration of one fetch(). A span from room() is valid
//             until the next call of room() or advance(), or the end of fetch().
#pragma once

#include <cstddef>
#include <span>

#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/runtime/task.h"

namespace lode::engine {

class fill_sink {
  public:
    fill_sink() = default;
    fill_sink(const fill_sink&) = delete;
    fill_sink& operator=(const fill_sink&) = delete;

    // Room for the next bytes: never empty, never beyond the current chunk. Waits for memory when
    // every frame is in use. no_space: none became free in time. cancelled: the store stops.
    // too_large: everything that was asked for has arrived already.
    virtual task<result<std::span<std::byte>>> room() = 0;

    // `n` bytes of the last room() are there, and readable at once. They must not change any more.
    virtual void advance(std::size_t n) = 0;

  protected:
    ~fill_sink() = default;
};

class part_source {
  public:
    part_source() = default;
    virtual ~part_source() = default;
    part_source(const part_source&) = delete;
    part_source& operator=(const part_source&) = delete;

    // Delivers exactly `length` bytes of the part from `first`, in order, or fails. Called for whole
    // chunks, several times and several at the same time: each call has its own sink, and none waits
    // for another. Retries and resumes are the source's business: an error ends the fill.
    virtual task<result<>> fetch(part_offset first, bytes length, fill_sink& sink) = 0;

    // Makes every fetch() under way, and any that follows, return soon, with any result. Does not
    // wait.
    virtual void abort() = 0;
};

}  // namespace lode::engine
