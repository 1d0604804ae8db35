// engine/store/slot_journal.h
//
// Who hears what becomes of a device's slots, so that its tables can follow.
//
//   Core  One home core; every call returns at once.
#pragma once

#include <cstdint>

#include "engine/base/size_class.h"
#include "engine/store/format.h"

namespace lode::engine {

class slot_journal {
  public:
    // Slabs are numbered as on the device.
    //
    // A slab was given to a class: nothing that its table said before holds any more.
    virtual void assigned(std::uint32_t slab, size_class c, std::uint64_t generation) = 0;
    // The bytes that `d` describes are in the slot.
    virtual void written(std::uint32_t slab, std::uint32_t slot, const format::descriptor& d) = 0;
    virtual void released(std::uint32_t slab, std::uint32_t slot) = 0;

  protected:
    ~slot_journal() = default;
};

}  // namespace lode::engine
