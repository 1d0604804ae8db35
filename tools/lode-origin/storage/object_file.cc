#include "tools/lode-origin/storage/object_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/assert.h"
#include "engine/base/hash.h"
#include "engine/runtime/operations.h"

namespace lode::dev_origin {
namespace {

bool all_zero(std::span<const std::byte> data) {
    // Comparing a buffer with itself, one byte on, stops at the first byte that is not zero.
    return data.empty() || (data[0] == std::byte{0} &&
                            std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

std::unexpected<error> failed_write(error e) {
    return e.sys == ENOSPC || e.sys == EDQUOT ? fail(errc::no_space, e.sys) : std::unexpected(e);
}

}  // namespace

result<opened_object> open_object(const std::string& path) {
    auto file = open_for_reading(path);
    if (!file) return std::unexpected(file.error());

    struct stat about{};
    if (::fstat(file->get(), &about) != 0) return fail_errno(errno);
    const auto length = static_cast<std::uint64_t>(about.st_size);
    if (!S_ISREG(about.st_mode) || length < footer_length) return fail(errc::corrupt);

    std::array<std::byte, footer_length> raw{};
    if (auto read = read_exactly(file->get(), raw, length - footer_length); !read) {
        return std::unexpected(read.error());
    }
    const auto foot = decode_footer(raw);
    if (!foot) return std::unexpected(foot.error());
    if (foot->data.count() > length ||
        length - foot->data.count() != foot->record + footer_length) {
        return fail(errc::corrupt);
    }

    std::string text(foot->record, '\0');
    const auto memory = std::as_writable_bytes(std::span(text));
    if (auto read = read_exactly(file->get(), memory, foot->data.count()); !read) {
        return std::unexpected(read.error());
    }
    if (xxh3_64(memory) != foot->checksum) return fail(errc::corrupt);
    auto record = decode(text);
    if (!record) return std::unexpected(record.error());
    if (record->size != foot->data) return fail(errc::corrupt);
    return opened_object{.file = std::move(*file), .record = std::move(*record)};
}

engine::task<result<std::size_t>> read_some(int fd, std::span<std::byte> into, object_offset from) {
    auto got = co_await engine::read_at(fd, into, from.value());
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(errc::corrupt);  // the file is shorter than its footer said
    co_return *got;
}

result<object_writer> object_writer::create(const std::string& temporary_path) {
    const int fd = ::open(temporary_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return failed_write({.code = errc::io, .sys = errno});
    return object_writer(file_descriptor(fd), temporary_path);
}

object_writer::~object_writer() {
    if (!path_.empty()) (void)::unlink(path_.c_str());
}

engine::task<result<>> object_writer::append(std::span<const std::byte> data) {
    LODE_ASSERT(!finished_);
    const std::uint64_t offset = written_.count();
    written_ += bytes(data.size());
    if (all_zero(data)) co_return result<>{};
    co_return co_await write_all(data, offset);
}

engine::task<result<>> object_writer::append_from(int fd, object_offset from, bytes length,
                                                  std::span<std::byte> buffer) {
    while (length > bytes(0)) {
        const std::size_t want = std::min<std::uint64_t>(buffer.size(), length.count());
        auto got = co_await read_some(fd, buffer.first(want), from);
        if (!got) co_return std::unexpected(got.error());
        auto put = co_await append(buffer.first(*got));
        if (!put) co_return put;
        from += bytes(*got);
        length -= bytes(*got);
    }
    co_return result<>{};
}

engine::task<result<>> object_writer::finish(const object_record& record, durability d) {
    LODE_ASSERT(!finished_);
    LODE_ASSERT(record.size == written_);
    const std::string text = encode(record);
    if (text.size() > record_length_max) co_return fail(errc::too_large);
    const auto memory = std::as_bytes(std::span(text));
    const auto foot = encode(footer{.data = written_,
                                    .record = static_cast<std::uint32_t>(text.size()),
                                    .checksum = xxh3_64(memory)});
    std::string tail = text;
    tail.append(reinterpret_cast<const char*>(foot.data()), foot.size());

    auto written = co_await write_all(std::as_bytes(std::span(tail)), written_.count());
    if (!written) co_return written;
    if (d == durability::power_loss) {
        auto synced = co_await engine::fsync(file_.get(), engine::sync_what::data);
        if (!synced) co_return std::unexpected(synced.error());
    }
    finished_ = true;
    co_return result<>{};
}

result<> object_writer::publish(const std::string& path) {
    LODE_ASSERT(finished_ && !path_.empty());
    auto renamed = rename_file(path_, path, replacing::allowed);
    if (renamed) path_.clear();
    return renamed;
}

engine::task<result<>> object_writer::write_all(std::span<const std::byte> data,
                                                std::uint64_t offset) const {
    while (!data.empty()) {
        auto put = co_await engine::write_at(file_.get(), data, offset);
        if (!put) co_return failed_write(put.error());
        if (*put == 0) co_return fail(errc::no_space);
        data = data.subspan(*put);
        offset += *put;
    }
    co_return result<>{};
}

}  // namespace lode::dev_origin
