// engine/store/attached_device.h
//
// What one core needs to use one device: the way to it, the tables of its shards there, and how much
// may still be written.
#pragma once

#include <memory>

#include "engine/base/rate_limit.h"
#include "engine/store/device_io.h"
#include "engine/store/format.h"
#include "engine/store/table_writer.h"

namespace lode::engine {

struct attached_device {
    struct setup {
        format::superblock super;
        std::unique_ptr<block_device> device;
        bytes write_limit;  // this core's share, per second; 0: none
    };

    attached_device(setup s, device_io::limits l, device_io::owner o, duration flush_delay,
                    store_counters& count)
        : super(std::move(s.super)),
          io(std::move(s.device), l, o, count),
          tables(io, super, flush_delay, count),
          allowance(s.write_limit) {}

    const format::superblock super;
    device_io io;
    table_writer tables;
    rate_limit allowance;
    bool recovering = false;  // it is being looked at, or its tables are being read
};

}  // namespace lode::engine
