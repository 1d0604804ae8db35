#include "bench/load/preset.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "bench/load/option_table.h"

namespace lode::bench {
namespace {

constexpr std::array warp_lota{
    preset_value{"object-size", "50MB"}, preset_value{"part-size", "15MB"},
    preset_value{"objects", "200"},      preset_value{"by-part", "true"},
    preset_value{"popularity", "epoch"}, preset_value{"in-flight", "100"},
};
constexpr std::array dataloader{
    preset_value{"object-size", "256MiB"},
    preset_value{"part-size", "16MiB"},
    preset_value{"objects", "40"},
    preset_value{"mix", "64KiB:25,128KiB:25,256KiB:20,512KiB:15,1MiB:15"},
    preset_value{"in-flight", "64"},
};
constexpr std::array checkpoint{
    preset_value{"object-size", "1GiB"}, preset_value{"part-size", "64MiB"},
    preset_value{"objects", "8"},        preset_value{"by-part", "true"},
    preset_value{"popularity", "epoch"}, preset_value{"in-flight", "4"},
};
constexpr std::array small{
    preset_value{"object-size", "4KiB:20,8KiB:20,16KiB:20,32KiB:15,64KiB:15,128KiB:10"},
    preset_value{"objects", "20000"},
    preset_value{"popularity", "zipf"},
    preset_value{"in-flight", "64"},
};

constexpr std::array all{
    preset{"warp-lota", "50 MB objects in 15 MB parts, each part read as a range; 100 in flight.",
           warp_lota},
    preset{"dataloader", "Ranges of 64 KiB to 1 MiB out of shards of 256 MiB.", dataloader},
    preset{"checkpoint", "Ranges of 64 MiB, few clients: a model that is loaded.", checkpoint},
    preset{"small", "Objects of 4 to 128 KiB, some much more often than others.", small},
};

}  // namespace

std::span<const preset> presets() { return all; }

std::expected<void, std::string> apply_preset(load_options& into, std::string_view name) {
    const auto found = std::ranges::find(all, name, &preset::name);
    if (found == all.end()) {
        std::string names;
        for (const preset& p : all) names += fmt::format("{}{}", names.empty() ? "" : ", ", p.name);
        return std::unexpected(fmt::format("There is no preset {}; there are {}.", name, names));
    }
    for (const auto& [option, value] : found->values) {
        if (auto set = set_option(into, option, value); !set) return set;
    }
    return {};
}

}  // namespace lode::bench
