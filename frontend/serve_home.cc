#include "frontend/serve_home.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "frontend/clustering.h"
#include "frontend/http/head_writer.h"
#include "frontend/peer/part_exchange.h"

namespace lode::frontend {
namespace {

engine::task<bool> send(serving& here, peer_line& line, unsigned status,
                        const peer::part_answer& word, std::string_view body) {
    const std::string_view head =
        peer::write_reply_head(line.head, line.session, status, bytes(body.size()), word);
    std::array<iovec, 2> pieces = {http::piece_of(head), http::piece_of(body)};
    std::span<iovec> some(pieces);
    if (body.empty()) some = some.first(1);
    line.stream.expire_at(engine::now() + here.node.settings.limits.body_timeout);
    co_return (co_await line.stream.send(some)).has_value();
}

engine::task<bool> tell(serving& here, peer_line& line, peer::part_answer& word,
                        std::string_view body) {
    word.body = s3::sha256_of(body);
    co_return co_await send(here, line, 200, word, body);
}

engine::task<bool> refuse(serving& here, peer_line& line, errc why, const peer::part_answer& word) {
    here.cluster->served.refused.add();
    co_return co_await send(here, line, peer::status_of(why), word, {});
}

}  // namespace

engine::task<bool> serve_layout(serving& here, peer_line& line, peer::layout_question question) {
    here.cluster->served.layouts.add();
    peer::part_answer word = own_word(here);
    word.part = question.id;
    const auto version = peer::version_of(question, here.node.settings.origin.gateway);
    if (!version) co_return co_await refuse(here, line, version.error().code, word);
    const auto layout = co_await here.gateway.layout_of(question.name, *version);
    if (!layout) co_return co_await refuse(here, line, errc::not_found, word);
    std::string body;
    peer::write_layout(*layout, body);
    co_return co_await tell(here, line, word, body);
}

engine::task<bool> serve_version(serving& here, peer_line& line, peer::version_question question) {
    here.cluster->served.versions.add();
    peer::part_answer word = own_word(here);
    word.part = question.id;
    if (!peer::is_about(question, here.node.settings.origin.gateway)) {
        co_return co_await refuse(here, line, errc::invalid, word);
    }
    const auto told = co_await here.gateway.version_of(question.name, question.wish);
    std::string body;
    if (!told || !peer::write_version(*told, body)) {
        co_return co_await refuse(here, line, errc::not_found, word);
    }
    co_return co_await tell(here, line, word, body);
}

}  // namespace lode::frontend
