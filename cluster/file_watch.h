// cluster/file_watch.h
//
// Whether a file that people write has changed since it was read. Blocks.
//
//   Errors   io with the kernel's errno, too_large beyond the limit.
#pragma once

#include <optional>
#include <string>

#include "engine/base/error.h"
#include "engine/base/file_mark.h"
#include "engine/base/units.h"

namespace lode::cluster {

class file_watch {
  public:
    file_watch(std::string path, bytes most) : path_(std::move(path)), most_(most) {}

    // The text, when it is another than the last time; nothing, when it is the same. A file that could
    // not be read is another the next time.
    [[nodiscard]] result<std::optional<std::string>> look();

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
    bytes most_;
    std::optional<file_mark> seen_;
    bool settled_ = false;
    std::optional<std::string> text_;
};

}  // namespace lode::cluster
