#include "frontend/peer/layout_call.h"

#include <string>
#include <utility>

#include "frontend/peer/home_call.h"
#include "frontend/peer/layout_question.h"
#include "frontend/s3/etag.h"

namespace lode::frontend::peer {

engine::task<std::optional<origin::part_layout>> ask_layout(peers& all,
                                                            const origin::object_name& name,
                                                            const origin::object_version& version) {
    const auto parts = s3::part_count_of(version.etag);
    if (!parts || *parts < 2 || version.size == bytes(0)) co_return std::nullopt;
    const layout_question about = layout_question_about(name, version);
    const home_question question{.name = name,
                                 .id = about.id,
                                 .write =
                                     [&about](std::uint32_t protocol, std::string& target) {
                                         return write_layout_question(about, protocol, target);
                                     },
                                 .body_max = layout_text_max};
    const auto body = co_await ask_home(all, question);
    if (!body) co_return std::nullopt;
    auto layout = parse_layout(*body, version.size, *parts);
    if (!layout) co_return std::nullopt;
    co_return std::move(*layout);
}

}  // namespace lode::frontend::peer
