// tests/engine/store/hand_made_device.h
//
// A device whose every block was put there by hand, in a temporary file: for tests of those who read
// devices.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <fcntl.h>

#include "engine/base/hash.h"
#include "engine/store/format.h"
#include "engine/store/part_key.h"
#include "tests/engine/store/store_world.h"

namespace lode::engine {

class hand_made_device {
  public:
    explicit hand_made_device(bytes size, format::geometry_wishes cut = {}) {
        const auto chosen = format::choose_geometry(size, cut);
        LODE_ASSERT(chosen.has_value());
        super_ = {.cut = *chosen,
                  .device = {.high = 0x1122, .low = 0x3344},
                  .node = "node-a",
                  .formatted_at = 1'700'000'000};
        fd_ = ::open(file_.path().c_str(), O_RDWR);
        LODE_ASSERT(fd_ >= 0 && ::ftruncate(fd_, static_cast<off_t>(size.count())) == 0);
        std::array<std::byte, format::block.count()> block{};
        encode(super_, block);
        write(format::first_superblock, block);
        write(format::second_superblock, block);
    }
    ~hand_made_device() { ::close(fd_); }
    hand_made_device(const hand_made_device&) = delete;
    hand_made_device& operator=(const hand_made_device&) = delete;

    [[nodiscard]] const std::string& path() const { return file_.path(); }
    [[nodiscard]] const format::superblock& super() const { return super_; }

    void write(device_offset at, std::span<const std::byte> data) const {
        const auto put = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(at.value()));
        LODE_ASSERT(put == static_cast<ssize_t>(data.size()));
    }
    void flip(device_offset at) const {
        std::byte b{};
        LODE_ASSERT(::pread(fd_, &b, 1, static_cast<off_t>(at.value())) == 1);
        b ^= std::byte{0x10};
        write(at, {&b, 1});
    }
    void truncate(bytes size) const {
        LODE_ASSERT(::ftruncate(fd_, static_cast<off_t>(size.count())) == 0);
    }

    // Slabs by their number on the device.
    [[nodiscard]] device_offset header_at(std::uint32_t slab) const {
        return format::slab_begin(super_.cut, slab);
    }
    [[nodiscard]] device_offset descriptor_at(std::uint32_t slab, std::uint32_t slot) const {
        return header_at(slab) + format::block + format::descriptor_size * slot;
    }
    [[nodiscard]] device_offset data_at(std::uint32_t slab, size_class c,
                                        std::uint32_t slot) const {
        return format::slot_begin(super_.cut, slab, c, slot);
    }

    void put_header(std::uint32_t slab, size_class c, std::uint64_t generation) const {
        std::array<std::byte, format::block.count()> block{};
        encode(format::slab_header{.slab = slab, .size = c, .generation = generation},
               super_.device, block);
        write(header_at(slab), block);
    }
    void put_descriptor(std::uint32_t slab, std::uint32_t slot, const format::descriptor& d) const {
        std::array<std::byte, format::descriptor_size.count()> entry{};
        encode(d, {.device = super_.device, .slab = slab, .slot = slot}, entry);
        write(descriptor_at(slab, slot), entry);
    }
    // The descriptor and the bytes that it describes, which `seed` makes.
    void put_chunk(std::uint32_t slab, std::uint32_t slot, format::descriptor d,
                   std::uint64_t seed) const {
        const bytes length = chunk_length(d.part_length, d.chunk);
        const auto data = data_of(length, seed);
        d.checksum = xxh3_64(std::span(data).first(length.count()));
        put_descriptor(slab, slot, d);
        write(data_at(slab, size_class::holding(length), slot), data);
    }

    // Up to whole blocks, with zeros behind.
    [[nodiscard]] static std::vector<std::byte> data_of(bytes length, std::uint64_t seed) {
        std::vector<std::byte> data(round_up(length, format::block).count());
        lode::random chance(seed);
        for (std::size_t i = 0; i < length.count(); ++i) {
            data[i] = static_cast<std::byte>(chance.next());
        }
        return data;
    }

    // A part of its own, in a shard.
    [[nodiscard]] static hash128 part(std::uint32_t shard, std::uint64_t number) {
        return {.high = (number << 8U) | shard, .low = number * 0x9e37'79b9'7f4a'7c15};
    }

  private:
    temporary_file file_;
    format::superblock super_;
    int fd_ = -1;
};

}  // namespace lode::engine
