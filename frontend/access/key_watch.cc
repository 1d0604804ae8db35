#include "frontend/access/key_watch.h"

#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "engine/base/log.h"
#include "engine/runtime/operations.h"
#include "engine/runtime/remote.h"
#include "engine/runtime/scheduler.h"

namespace lode::frontend::access {
namespace {

constexpr duration period = std::chrono::seconds(1);

}  // namespace

key_watch::key_watch(std::string path, std::vector<gate*> gates)
    : path_(std::move(path)), gates_(std::move(gates)) {}

engine::task<void> key_watch::run() {
    while (!stopping_) {
        co_await look();
        if (stopping_) co_return;
        (void)co_await stopped_.wait(engine::now() + period);
    }
}

void key_watch::stop() {
    stopping_ = true;
    stopped_.notify_all();
}

engine::task<void> key_watch::look() {
    const auto mark = co_await mark_of_file();
    if (!mark) {
        seen_.reset();
        co_return complain(first_of(unreadable_key_file(mark.error()), path_));
    }
    if (seen_ == *mark && settled_) co_return;
    auto text = co_await read_file();
    if (!text) {
        seen_.reset();
        co_return complain(first_of(unreadable_key_file(text.error()), path_));
    }
    seen_ = *mark;
    settled_ = mark->is_settled(engine::scheduler::current().time().wall());
    const s3::sha256_digest digest = s3::sha256_of(*text);
    if (content_ == digest) {
        problem_ = content_problem_;
        s3::wipe(*text);
        co_return;
    }
    const bool first = !content_.has_value();
    content_ = digest;
    auto keys = parse_key_file(*text);
    s3::wipe(*text);
    if (!keys) {
        content_problem_ = first_of(keys.error(), path_);
        co_return complain(content_problem_);
    }
    content_problem_.clear();
    problem_.clear();
    co_await adopt(std::move(*keys));
    accepted_.add();
    if (!first) log::info("auth.keys: {} was read anew: {} keys", path_, this->keys());
}

std::size_t key_watch::keys() const {
    const key_ring* ring = gates_.empty() ? nullptr : gates_.front()->keys();
    return ring == nullptr ? 0 : ring->size();
}

engine::task<void> key_watch::adopt(std::shared_ptr<const key_ring> keys) {
    for (std::size_t core = 0; core < gates_.size(); ++core) {
        gate* there = gates_[core];
        co_await engine::on_core(core_id(static_cast<std::uint16_t>(core)),
                                 [there, &keys] { there->use(keys); });
    }
}

void key_watch::complain(std::string sentence) {
    if (problem_ == sentence) return;
    problem_ = std::move(sentence);
    refused_.add();
    log::warning("auth.keys: the keys stay as they were: {}", problem_);
}

engine::task<std::expected<file_mark, int>> key_watch::mark_of_file() {
    struct statx found{};
    const auto done = co_await engine::stat_at(AT_FDCWD, path_.c_str(), found);
    if (!done) co_return std::unexpected(done.error().sys);
    co_return file_mark{.inode = found.stx_ino,
                        .size = found.stx_size,
                        .modified_s = found.stx_mtime.tv_sec,
                        .modified_ns = found.stx_mtime.tv_nsec};
}

engine::task<std::expected<std::string, int>> key_watch::read_file() {
    const auto fd = co_await engine::open_at(AT_FDCWD, path_.c_str(), O_RDONLY);
    if (!fd) co_return std::unexpected(fd.error().sys);
    // One byte more than allowed: the parser then says what is wrong.
    std::string text(key_file_bytes_max + 1, '\0');
    std::size_t length = 0;
    int failed = 0;
    while (length < text.size()) {
        auto into = std::as_writable_bytes(std::span(text)).subspan(length);
        const auto got = co_await engine::read_at(*fd, into, length);
        if (!got) failed = got.error().sys;
        if (!got || *got == 0) break;
        length += static_cast<std::size_t>(*got);
    }
    (void)co_await engine::close(*fd);
    if (failed != 0) co_return std::unexpected(failed);
    text.resize(length);
    co_return text;
}

}  // namespace lode::frontend::access
