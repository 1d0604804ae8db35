#include "frontend/slot_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace lode::frontend {

std::vector<cluster::slot_range> load_slots(const std::string& path, std::string_view node) {
    std::ifstream file(path);
    std::string name;
    if (!std::getline(file, name) || name != node) return {};
    std::vector<cluster::slot_range> slots;
    std::uint64_t end = 0;
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    while (file >> first >> count) {
        const bool apart = first >= end && count > 0;
        if (!apart || first >= cluster::slots_max || count > cluster::slots_max - first) return {};
        end = first + count;
        slots.push_back({.first = static_cast<std::uint32_t>(first),
                         .count = static_cast<std::uint32_t>(count)});
    }
    return slots;
}

result<> save_slots(const std::string& path, std::string_view node,
                    const std::vector<cluster::slot_range>& slots) {
    std::string text(node);
    text += '\n';
    for (const cluster::slot_range& r : slots) text += fmt::format("{} {}\n", r.first, r.count);
    const std::string beside = path + ".new";
    const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return fail_errno(errno);
    const ssize_t written = ::write(fd, text.data(), text.size());
    const bool whole = written == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
    const int why = whole ? 0 : (written < 0 || errno != 0 ? errno : ENOSPC);
    ::close(fd);
    if (!whole) return fail_errno(why);
    if (std::rename(beside.c_str(), path.c_str()) != 0) return fail_errno(errno);
    return {};
}

}  // namespace lode::frontend
