#include "engine/store/device_backing.h"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "engine/base/log.h"
#include "engine/runtime/file_device.h"

namespace lode::engine {
namespace {

using access = device_file::options::access;

class file_backing final : public device_backing {
  public:
    file_backing(std::shared_ptr<device_file> file, access mode, bytes wanted = {})
        : file_(std::move(file)), mode_(mode), wanted_(wanted) {}

    result<> read(device_offset from, std::span<std::byte> into) override {
        while (!into.empty()) {
            const ssize_t got =
                ::pread(file_->fd(), into.data(), into.size(), static_cast<off_t>(from.value()));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return fail_errno(errno);
            if (got == 0) return fail_errno(EIO);
            from += bytes(static_cast<std::uint64_t>(got));
            into = into.subspan(static_cast<std::size_t>(got));
        }
        return {};
    }

    result<> write(device_offset to, std::span<const std::byte> from) override {
        while (!from.empty()) {
            const ssize_t put =
                ::pwrite(file_->fd(), from.data(), from.size(), static_cast<off_t>(to.value()));
            if (put < 0 && errno == EINTR) continue;
            if (put < 0) return fail_errno(errno);
            to += bytes(static_cast<std::uint64_t>(put));
            from = from.subspan(static_cast<std::size_t>(put));
        }
        if (::fdatasync(file_->fd()) != 0) return fail_errno(errno);
        return {};
    }

    [[nodiscard]] bytes size() const override { return file_->size(); }
    [[nodiscard]] result<> reserve() override { return file_->reserve(wanted_); }
    [[nodiscard]] bytes alignment() const override { return file_->alignment(); }
    [[nodiscard]] std::unique_ptr<block_device> on_core(core_id) override {
        return std::make_unique<file_device>(file_);
    }
    [[nodiscard]] bool in_use() const override {
        return mode_ == access::read_only && file_->held_elsewhere();
    }

  private:
    std::shared_ptr<device_file> file_;
    access mode_;
    bytes wanted_;
};

std::string sentence(const device_options& o, error why) {
    switch (why.code) {
        case errc::unavailable: return fmt::format("{} is in use by another process.", o.path);
        case errc::no_space:
            return fmt::format("{}: its file system has no room for {} bytes.", o.path,
                               o.size.count());
        case errc::invalid:
            return fmt::format("{} is neither a regular file nor a block device.", o.path);
        default: return fmt::format("{} cannot be opened ({}).", o.path, describe(why));
    }
}

}  // namespace

std::expected<std::unique_ptr<device_backing>, std::string> open_file_backing(
    const device_options& o) {
    auto file = device_file::open({.path = o.path,
                                   .size = o.size,
                                   .grow = device_file::options::growth::by_reserve,
                                   .completion = o.completion});
    if (!file) return std::unexpected(sentence(o, file.error()));
    if (!(*file)->direct()) {
        log::warning("{}: its file system refuses O_DIRECT; the page cache is used instead.",
                     o.path);
    }
    return std::make_unique<file_backing>(std::move(*file), access::exclusive, o.size);
}

std::expected<std::unique_ptr<device_backing>, std::string> view_file_backing(
    const std::string& path) {
    auto file = device_file::open({.path = path, .size = {}, .mode = access::read_only});
    if (!file) return std::unexpected(sentence({.path = path}, file.error()));
    return std::make_unique<file_backing>(std::move(*file), access::read_only);
}

}  // namespace lode::engine
