// frontend/slot_file.h
//
// Which slots a node has claimed, kept over restarts, so that it finds its parts where it left them: a line
// with the node's name and one for each range, "FIRST COUNT".
//
//   Errors  A file that is not there, or is another node's, says nothing. Blocks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/member.h"
#include "engine/base/error.h"

namespace lode::frontend {

[[nodiscard]] std::vector<cluster::slot_range> load_slots(const std::string& path,
                                                          std::string_view node);

// In place of what was there, at once or not at all.
[[nodiscard]] result<> save_slots(const std::string& path, std::string_view node,
                                  const std::vector<cluster::slot_range>& slots);

}  // namespace lode::frontend
