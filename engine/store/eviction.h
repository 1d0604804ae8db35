// engine/store/eviction.h
//
// In which order parts leave a device. Pure: it orders parts and knows neither chunks, slots nor
// pins.
//
//   Core    One home core; one policy per shard and device.
//   Memory  Two links in each part; nothing here.
#pragma once

#include "engine/store/part_index.h"
#include "engine/store/part_ref.h"

namespace lode::engine {

class eviction_policy {
  public:
    eviction_policy() = default;
    virtual ~eviction_policy() = default;
    eviction_policy(const eviction_policy&) = delete;
    eviction_policy& operator=(const eviction_policy&) = delete;

    // A part gets its first chunk on the device, is read, and has lost its last one.
    virtual void admit(part_ref ref) = 0;
    virtual void used(part_ref ref) = 0;
    virtual void remove(part_ref ref) = 0;

    // Who should go first, and who next if that one cannot; no_part at the end.
    [[nodiscard]] virtual part_ref first_victim() const = 0;
    [[nodiscard]] virtual part_ref victim_after(part_ref ref) const = 0;
};

// Least recently used first.
class lru final : public eviction_policy {
  public:
    explicit lru(part_index& parts) : parts_(parts) {}

    void admit(part_ref ref) override;
    void used(part_ref ref) override;
    void remove(part_ref ref) override;
    [[nodiscard]] part_ref first_victim() const override { return coldest_; }
    [[nodiscard]] part_ref victim_after(part_ref ref) const override {
        return parts_.at(ref).warmer;
    }

  private:
    part_index& parts_;
    part_ref coldest_ = no_part;
    part_ref warmest_ = no_part;
};

}  // namespace lode::engine
